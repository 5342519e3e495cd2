// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// The first process of a machine.
const (
	withSystemd    = "exec chroot \"$root\" /lib/systemd/systemd --system --show-status=false --log-target=console"
	withoutSystemd = "exec chroot \"$root\" /bin/sh -c 'sleep infinity & wait'"
)

// outer gives the machine a control group of its own below the present one, so
// that its systemd can manage what lies beneath and nothing else.
const outer = `
root=$1 group=$2 init=$3
mount --make-rprivate /
mkdir -p "$root/run/group"
mount -t cgroup2 cgroup2 "$root/run/group"
mkdir "$root/run/group/$group"
echo $$ >"$root/run/group/$group/cgroup.procs"
umount "$root/run/group"
rmdir "$root/run/group"
exec unshare --cgroup --pid --uts --ipc --net --fork --kill-child sh -euc "$init" inner "$root"
`

// inner is the part before the first process. The kernel's settings and devices
// are the outer machine's, so they are shown and cannot be changed.
const inner = `
root=$1
hostname packagetest
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for dir in run tmp dev; do mount -t tmpfs -o mode=755 "$dir" "$root/$dir"; done
chmod 1777 "$root/tmp"
mkdir "$root/dev/pts" "$root/dev/shm"
chmod 1777 "$root/dev/shm"
for dev in null zero full random urandom tty; do
	: >"$root/dev/$dev"
	mount --bind "/dev/$dev" "$root/dev/$dev"
done
export container=packagetest
`

// machine is a Debian root that runs.
type machine struct {
	t    *testing.T
	root string
	pid  int // of its first process, as seen from here
}

// boot starts a machine and waits until it is up.
func boot(t *testing.T, first string) *machine {
	t.Helper()
	root := freshRoot(t)
	group := "packagetest-" + filepath.Base(filepath.Dir(root))
	cmd := exec.Command("unshare", "--mount", "sh", "-euc", outer, "outer", root, group, inner+first)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	m := &machine{t: t, root: root}
	t.Cleanup(func() {
		cmd.Process.Kill() // its child is killed with it, and with that all others
		<-gone
		removeGroup(t, group)
		if t.Failed() {
			t.Logf("the machine said:\n%s", said.String())
		}
	})
	up := func() bool {
		select {
		case <-gone:
			needs.Missing(t, "needs a kernel that lets a machine run in namespaces: "+said.String())
		default:
		}
		m.pid = firstProcess(cmd.Process.Pid)
		if m.pid == 0 {
			return false
		}
		if first == withoutSystemd {
			return true
		}
		state := m.run("systemctl", "is-system-running")
		return state.said("running") || state.said("degraded")
	}
	m.until("the machine is up", up)
	return m
}

// firstProcess is the child that unshare has forked, once it has become what it
// shall be: until then its root is the outer machine's. 0 = not yet.
func firstProcess(parent int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", parent))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	if root, err := os.Readlink(fmt.Sprintf("/proc/%d/root", pid)); err != nil || root == "/" {
		return 0
	}
	return pid
}

// removeGroup removes the control groups that the machine's systemd has made. A
// group is busy until the kernel has buried its last process.
func removeGroup(t *testing.T, group string) {
	script := `mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt && cd /mnt && [ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} +`
	var out []byte
	var err error
	for range 50 {
		if out, err = exec.Command("unshare", "--mount", "sh", "-c", script, "sh", group).CombinedOutput(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("cannot remove the control group %s: %v\n%s", group, err, out)
}

// result is how a command ended.
type result struct {
	command string
	out     string // both streams
	stdout  string
	code    int
}

func (r result) said(word string) bool { return strings.TrimSpace(r.stdout) == word }

func (r result) String() string { return fmt.Sprintf("%s: exit %d\n%s", r.command, r.code, r.out) }

// run runs a command inside as root.
func (m *machine) run(args ...string) result {
	m.t.Helper()
	return m.wait(m.command("/", args...))
}

// command is a command inside: dir "/" in the machine's own root, "" in the outer
// root but with the machine's processes, for a package manager from outside.
func (m *machine) command(dir string, args ...string) *exec.Cmd {
	enter := []string{"-t", strconv.Itoa(m.pid), "-a"}
	if dir != "" {
		enter = append(enter, "-r", "-w")
	}
	cmd := exec.Command("nsenter", append(append(enter, "--"), args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	return cmd
}

func (m *machine) wait(cmd *exec.Cmd) result {
	m.t.Helper()
	var both, stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = writers{&both, &stdout}, &both
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatalf("%v: %v", cmd.Args, err)
	}
	return result{command: strings.Join(cmd.Args, " "), out: both.String(), stdout: stdout.String(), code: cmd.ProcessState.ExitCode()}
}

type writers struct{ a, b *bytes.Buffer }

func (w writers) Write(p []byte) (int, error) {
	w.a.Write(p)
	return w.b.Write(p)
}

// must runs a command that has to work, and returns its standard output.
func (m *machine) must(args ...string) string {
	m.t.Helper()
	r := m.run(args...)
	if r.code != 0 {
		m.t.Fatal(r)
	}
	return strings.TrimSpace(r.stdout)
}

// until waits for what has to come about.
func (m *machine) until(what string, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("waited a minute, and not: %s", what)
		}
	}
}

// path is a file of the machine as seen from here, with what is mounted inside.
func (m *machine) path(name string) string {
	return filepath.Join("/proc", strconv.Itoa(m.pid), "root", name)
}

func (m *machine) there(name string) bool {
	_, err := os.Lstat(m.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.t.Fatal(err)
	}
	return err == nil
}

func (m *machine) read(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

func (m *machine) write(name, text string, mode fs.FileMode) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.path(name), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

// files lists all that lies on the machine's disk, but for what package managers
// and systemd keep for themselves.
func (m *machine) files() map[string]bool {
	m.t.Helper()
	theirs := []string{"/var/lib/dpkg", "/var/lib/rpm", "/var/log", "/var/cache", "/var/lib/systemd", "/proc", "/sys", "/dev", "/run", "/tmp"}
	out := map[string]bool{}
	err := filepath.WalkDir(m.root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, m.root)
		for _, dir := range theirs {
			if name == dir {
				return filepath.SkipDir
			}
		}
		out[name] = true
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}
