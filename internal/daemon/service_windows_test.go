// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// command runs a command of the daemon and returns its exit code and its words.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Command(t.Context(), "test", args, &o, &e)
	return code, o.String(), e.String()
}

// inService puts the service in, with a place of its own, and takes it out again.
func inService(t *testing.T, config string) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "qsd")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "quietsetup.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "service", "install", "--config", file, "--state-dir", filepath.Join(dir, "state")); code != exitOK {
		t.Fatalf("it is not installed: %d, %s", code, errs)
	}
	t.Cleanup(func() {
		var errs bytes.Buffer
		if code := Command(context.Background(), "test", []string{"service", "delete"}, &errs, &errs); code != exitOK && code != exitMissing {
			t.Errorf("it is not deleted: %d, %s", code, &errs)
		}
	})
	return dir
}

// TestService is the daemon under a real service manager: it answers on its pipe,
// is asked how it is, stops in order and leaves its log.
func TestService(t *testing.T) {
	dir := inService(t, "[source]\ndepot = 'C:\\none'\n[policy]\nmax_defer = -1\n")
	state := filepath.Join(dir, "state")
	if code, out, errs := command(t, "service", "status"); code != exitNotRunning || !strings.Contains(out, "stopped") {
		t.Errorf("before it was started: %d, %s%s", code, out, errs)
	}
	if code, _, errs := command(t, "service", "install"); code != exitFailed || !strings.Contains(errs, "already") {
		t.Errorf("installed twice: %d, %s", code, errs)
	}
	if code, _, errs := command(t, "service", "start"); code != exitOK {
		t.Fatalf("it does not start: %d, %s", code, errs)
	}
	client := localclient.New(localsock.PathIn(state))
	defer client.Close()
	s, err := client.Status(t.Context())
	if err != nil || s.Version != "test" || s.StateDir != state {
		t.Errorf("it answers %+v, %v", s, err)
	}
	code, out, _ := command(t, "service", "status", "--json")
	var d serviceDoc
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || d.Schema != "service/v1" || d.State != "running" || int(d.PID) != s.PID {
		t.Errorf("its status is %d, %s, %v; the daemon has pid %d", code, out, err, s.PID)
	}
	if _, err := localsock.Listen(localsock.PathIn(state)); !errors.Is(err, localsock.ErrInUse) {
		t.Errorf("its pipe can be taken: %v", err)
	}
	if code, out, errs := command(t, "service", "stop"); code != exitOK || !strings.Contains(out, "stopped") {
		t.Errorf("it does not stop: %d, %s%s", code, out, errs)
	}
	if _, err := client.Status(t.Context()); !errors.Is(err, localclient.ErrNotRunning) {
		t.Errorf("after it was stopped: %v", err)
	}
	log, err := os.ReadFile(filepath.Join(state, logName))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"max_defer", "quietsetupd runs", "no agents are started", "quietsetupd has stopped"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("its log has no %q:\n%s", want, log)
		}
	}
	if code, out, errs := command(t, "service", "delete", "--json"); code != exitOK || !strings.Contains(out, `"missing"`) {
		t.Errorf("deleted: %d, %s%s", code, out, errs)
	}
	for _, verb := range []string{"status", "start", "stop", "delete"} {
		if code, _, _ := command(t, "service", verb); code != exitMissing {
			t.Errorf("%s of a service that is not there ends with %d", verb, code)
		}
	}
}

// A start that only an admin can mend ends with its code and stays ended.
func TestServiceWithABadConfig(t *testing.T) {
	inService(t, "[policy\n")
	begun := time.Now()
	code, _, errs := command(t, "service", "start")
	if code != exitFailed || !strings.Contains(errs, "ended at once with 7") || time.Since(begun) > 10*time.Second {
		t.Errorf("started: %d after %v, %s", code, time.Since(begun), errs)
	}
}

func TestServiceUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"explode"}, {"start", "now"}, {"status", "--what"}, {"run"}} {
		if code, _, errs := command(t, append([]string{"service"}, args...)...); code != exitUsage || !strings.Contains(errs, "see quietsetupd help") {
			t.Errorf("service %q ends with %d, %s", args, code, errs)
		}
	}
	if _, out, _ := command(t, "help"); !strings.Contains(out, "service install") {
		t.Errorf("the help says nothing of the service:\n%s", out)
	}
	if code, out, _ := command(t, "service", "start", "--help"); code != exitOK || !strings.Contains(out, "service install") {
		t.Errorf("service start --help ends with %d, %s", code, out)
	}
}

// TestGuarded: a program is believed only where nobody else can change it or add a
// file beside it; a folder that is ours is made strict, and the log is told.
func TestGuarded(t *testing.T) {
	dir, err := os.MkdirTemp("", "qsd")
	if err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "program.exe")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(exe), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(exe, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(guarded(exe), guardedNow()); err != nil {
		t.Errorf("of ours: %v", err)
	}
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;SY)(A;;FRFXFW;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := sd.DACL()
	if err == nil {
		err = windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := guarded(exe); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "S-1-1-0 can write to it") {
		t.Errorf("in a folder that all can write to: %v", err)
	}
	if note, err := tighten(dir); err != nil || !strings.Contains(note, dir) {
		t.Errorf("made strict: %q, %v", note, err)
	}
	if note, err := tighten(dir); err != nil || note != "" {
		t.Errorf("again: %q, %v", note, err)
	}
	if err := guarded(exe); err != nil {
		t.Errorf("after that: %v", err)
	}
}
