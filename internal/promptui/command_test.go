// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestSocketPath: a socket may be named relative to where one stands, and must be named.
func TestSocketPath(t *testing.T) {
	if runtime.GOOS != "windows" {
		t.Chdir(t.TempDir())
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for named, want := range map[string]string{"api.sock": filepath.Join(here, "api.sock"), "../s": filepath.Join(filepath.Dir(here), "s"), "/run/s": "/run/s"} {
			if got, err := socketPath(named); got != want || err != nil {
				t.Errorf("%s: got %s, %v", named, got, err)
			}
		}
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	code := Main(t.Context(), []string{"--terminal", "--socket", ""}, Streams{In: os.Stdin, Out: said, Err: said, Getenv: func(string) string { return "" }})
	text, err := os.ReadFile(said.Name())
	if err != nil || code != exitUsage || !strings.Contains(string(text), "--socket is empty") {
		t.Errorf("exit %d, %q, %v", code, text, err)
	}
}
