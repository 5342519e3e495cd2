// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os/exec"
	"slices"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// TestJobOfAStranger: whoever sees a process begin can make a job of its name first.
// It keeps nothing from being installed, and our process is in a job of our own.
func TestJobOfAStranger(t *testing.T) {
	cmd := exec.Command("cmd", "/c", "set /p wait=") // ends with its input
	input, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(input.Close(), cmd.Wait()) })
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	theirs, old, err := createJob(id)
	if err != nil || old {
		t.Fatalf("there was one: %v, %v", old, err)
	}
	t.Cleanup(func() { _ = windows.CloseHandle(theirs) })
	p := &blocked{process: cmd.Process}
	if err := p.enclose(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = windows.CloseHandle(p.job) })
	for job, want := range map[windows.Handle]bool{p.job: true, theirs: false} {
		if pids, err := jobPIDs(job); err != nil || slices.Contains(pids, id.PID) != want {
			t.Errorf("members %v, %v; ours is to be one: %v", pids, err, want)
		}
	}
	if left, err := group(id); err != nil || !slices.ContainsFunc(left, func(l Leftover) bool { return l.ProcessID == id }) {
		t.Errorf("what runs of it: %v, %v", left, err)
	}
}

// TestBelieved: whose job counts.
func TestBelieved(t *testing.T) {
	job, err := namelessJob()
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(job)
	if !believed(job) {
		t.Error("our own is not believed")
	}
	if believed(0) {
		t.Error("what is no job is believed")
	}
	me, err := windows.StringToSid("S-1-5-21-1-2-3-1001")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"S-1-5-18": true, "S-1-5-32-544": true, me.String(): true,
		"S-1-5-21-1-2-3-1002": false, "S-1-5-32-545": false, "S-1-1-0": false} {
		owner, err := windows.StringToSid(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := trustedOwner(owner, me); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if job, err := openJob(events.ProcessID{PID: 1 << 30, Start: 1}); err != nil || job != 0 {
		t.Errorf("a job that is not there: %v, %v", job, err)
	}
}
