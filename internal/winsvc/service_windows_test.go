// SPDX-License-Identifier: Apache-2.0

package winsvc

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// asService makes the test's own program play the service.
const asService = "play-the-service"

// dies is the argument of a service that dies at once; ends, of one that ends.
const (
	dies = "dies"
	ends = "ends"
)

const testName = "quietsetup-winsvc-test"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asService {
		err := Run(testName, func(ctx context.Context, ready func(), _ <-chan struct{}) Ending {
			if len(os.Args) > 2 {
				return Ending{Code: 8, Again: os.Args[2] == dies}
			}
			ready()
			<-ctx.Done()
			time.Sleep(100 * time.Millisecond) // there is something to be put away
			return Ending{}
		})
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// in puts the test's service in.
func in(t *testing.T, args ...string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	left, err := Install(Plan{Name: testName, Title: "A test of quietsetup", Text: "Does nothing.", Exe: exe,
		Args: append([]string{asService}, args...), Agent: `"C:\Program Files\quietsetup\quietsetup-prompt.exe"`})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Delete(context.Background(), testName); err != nil && !errors.Is(err, ErrMissing) {
			t.Error(err)
		}
	})
	for _, err := range left {
		t.Errorf("left undone: %v", err)
	}
}

// TestServiceCycles is the whole life of a service, twenty times.
func TestServiceCycles(t *testing.T) {
	for range 20 {
		in(t)
		st, err := Start(t.Context(), testName)
		if err != nil || st.Name != "running" || st.PID == 0 {
			t.Fatalf("started: %+v, %v", st, err)
		}
		if again, err := Start(t.Context(), testName); err != nil || again.PID != st.PID {
			t.Errorf("started once more: %+v, %v; want the same", again, err)
		}
		if st, err = Stop(t.Context(), testName); err != nil || st.Name != "stopped" || st.PID != 0 || st.Exit != 0 {
			t.Fatalf("stopped: %+v, %v", st, err)
		}
		if err := Delete(t.Context(), testName); err != nil {
			t.Fatal(err)
		}
		if st, err := Look(testName); !errors.Is(err, ErrMissing) {
			t.Fatalf("deleted: %+v, %v; want ErrMissing", st, err)
		}
	}
}

func TestDeleteStopsAndTidiesUp(t *testing.T) {
	in(t)
	if _, err := Install(Plan{Name: testName, Exe: os.Args[0]}); !errors.Is(err, ErrExists) {
		t.Errorf("a second one of the name: %v, want ErrExists", err)
	}
	if _, err := Start(t.Context(), testName); err != nil {
		t.Fatal(err)
	}
	value := func() string {
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, runKey, registry.QUERY_VALUE)
		if err != nil {
			return ""
		}
		defer k.Close()
		s, _, _ := k.GetStringValue(RunValue)
		return s
	}
	if value() == "" {
		t.Error("the agent is not in the Run key")
	}
	l, err := OpenEventLog(testName)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Kind{Info, Warning, Error} {
		if err := l.Write(kind, "a line with a \x00 in it"); err != nil {
			t.Error(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := Delete(t.Context(), testName); err != nil {
		t.Fatal(err)
	}
	if value() != "" {
		t.Error("the agent is still in the Run key")
	}
	if k, err := registry.OpenKey(registry.LOCAL_MACHINE, sources+testName, registry.QUERY_VALUE); err == nil {
		k.Close()
		t.Error("the source of the event log is still there")
	}
	for what, err := range map[string]error{"start": func() error { _, err := Start(t.Context(), testName); return err }(),
		"stop": func() error { _, err := Stop(t.Context(), testName); return err }(), "delete": Delete(t.Context(), testName)} {
		if !errors.Is(err, ErrMissing) {
			t.Errorf("%s of a service that is not there: %v, want ErrMissing", what, err)
		}
	}
}

func TestServiceThatEndsAtOnce(t *testing.T) {
	for how, wants := range map[string]uint32{ends: 8, dies: 0} {
		in(t, how)
		begun := time.Now()
		st, err := Start(t.Context(), testName)
		if st.Exit == uint32(windows.ERROR_PROCESS_ABORTED) {
			st.Exit = 0 // it died late enough to be seen doing it
		}
		if err == nil || st.Exit != wants || time.Since(begun) > 10*time.Second {
			t.Errorf("started, and it %s: %+v, %v after %v; want its exit code %d at once", how, st, err, time.Since(begun), wants)
		}
		if st, err := Stop(t.Context(), testName); err != nil || st.Name != "stopped" {
			t.Errorf("stopped after it %s: %+v, %v", how, st, err)
		}
		if err := Delete(t.Context(), testName); err != nil {
			t.Error(err)
		}
	}
}

func TestRunWithoutAServiceManager(t *testing.T) {
	err := Run(testName, func(context.Context, func(), <-chan struct{}) Ending { return Ending{} })
	if !errors.Is(err, ErrNoService) {
		t.Errorf("got %v, want ErrNoService", err)
	}
}
