// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settle is how long a started service is left alone before it is watched.
const settle = 5 * time.Second

// service builds quietsetupd as it is shipped, and watches it while it has
// nothing to do: an empty depot, no product, nobody asks it anything.
func service(ctx context.Context, watch time.Duration, into values) (err error) {
	if _, err := os.Stat("cmd/quietsetupd"); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	dir, err := os.MkdirTemp("", "quietsetup-figures-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	bin := filepath.Join(dir, "quietsetupd")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", bin, "./cmd/quietsetupd")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build quietsetupd: %w\n%s", err, text)
	}
	info, err := os.Stat(bin)
	if err != nil {
		return err
	}
	add := func(unit string, v float64) { into[none] = append(into[none], result{"", unit, v}) }
	add("binary-mb", float64(info.Size())/1e6)
	if watch <= 0 {
		return nil
	}

	p, err := start(ctx, bin, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := wait(ctx, settle); err != nil {
		return err
	}
	before, err := cpu(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := wait(ctx, watch); err != nil {
		return err
	}
	after, err := cpu(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	rss, err := resident(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	add("idle-cpu-ms", float64((after-before).Microseconds())/1000*float64(time.Minute)/float64(took))
	add("idle-rss-mb", rss)
	return nil
}

// process is a running service and what it said.
type process struct {
	cmd    *exec.Cmd
	said   bytes.Buffer
	exited chan error
}

// start runs the service and returns when it says that it is ready, the way
// systemd is told.
func start(ctx context.Context, bin, dir string) (*process, error) {
	depot, config := filepath.Join(dir, "depot"), filepath.Join(dir, "quietsetup.toml")
	if err := os.Mkdir(depot, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("[source]\nkind = \"local\"\ndepot = %q\n", depot)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	defer notify.Close()
	p := &process{cmd: exec.CommandContext(ctx, bin, "run", "--config", config, "--state-dir", filepath.Join(dir, "state")), exited: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start quietsetupd: %w", err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	ready := make(chan error, 1)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := notify.Read(buf)
			if err != nil || strings.Contains(string(buf[:n]), "READY=1") {
				ready <- err
				return
			}
		}
	}()
	select {
	case err := <-ready:
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot hear whether quietsetupd is ready: %w", err), p.stop())
		}
		return p, nil
	case err := <-p.exited:
		return nil, fmt.Errorf("quietsetupd ended before it was ready: %v\n%s", err, p.said.String())
	case <-time.After(30 * time.Second):
		return nil, errors.Join(errors.New("quietsetupd was not ready within 30 s"), p.stop())
	}
}

// stop ends the service in order and reports how it took it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the idle quietsetupd had ended by itself: %w\n%s", err, p.said.String())
	}
	select {
	case err := <-p.exited:
		if err != nil {
			return fmt.Errorf("quietsetupd did not stop in order: %w\n%s", err, p.said.String())
		}
		return nil
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("quietsetupd did not stop within 20 s"), p.cmd.Process.Kill())
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// cpu is the processor time of all threads. The scheduler counts it in
// nanoseconds; the ticks in stat are twice as long as a minute's target.
func cpu(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("cannot read the processor time of process %d", pid)
	}
	var sum time.Duration
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, fmt.Errorf("cannot read the processor time: %w", err)
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("cannot read %s: %w", name, err)
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

// resident is the resident memory in MB.
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("process %d shows no VmRSS", pid)
}
