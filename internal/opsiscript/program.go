// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"time"
)

// ErrNoProgram: opsi-script is not on this machine.
var ErrNoProgram = errors.New("opsi-script was not found")

// Places are where opsi's packages put opsi-script on a system. Windows may lie on
// another drive; a service has its environment from the system.
func Places(system string) []string {
	switch system {
	case "windows":
		var out []string
		for _, folder := range []string{os.Getenv("ProgramFiles(x86)"), os.Getenv("ProgramFiles"), `C:\Program Files (x86)`, `C:\Program Files`} {
			place := folder + `\opsi.org\opsi-client-agent\opsi-script\opsi-script.exe`
			if absolute(system, place) && !slices.Contains(out, place) {
				out = append(out, place)
			}
		}
		return out
	case "darwin":
		return []string{"/Applications/opsi-script.app/Contents/MacOS/opsi-script", "/usr/local/bin/opsi-script"}
	}
	return []string{"/usr/bin/opsi-script", "/opt/opsi-script/opsi-script"}
}

// Mount is where opsi mounts the depot on a system.
func Mount(system string) string {
	switch system {
	case "windows":
		return `P:\`
	case "darwin":
		return "/private/var/opsisetupadmin/opsi_depot"
	}
	return "/media/opsi_depot"
}

// Find is where opsi-script lies: where the config says, and nowhere else if it
// says something, else the first of the places. owner judges who could change the
// program (nil = nobody is asked): it will run with all rights.
func Find(configured string, places []string, owner func(name string, info fs.FileInfo) error) (string, error) {
	if configured != "" {
		places = []string{configured}
	}
	for _, p := range places {
		info, err := os.Stat(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		switch {
		case err != nil:
			return "", fmt.Errorf("cannot use opsi-script: %w", err)
		case !info.Mode().IsRegular():
			return "", fmt.Errorf("cannot use opsi-script: %s is not a plain file", p)
		}
		if owner != nil {
			if err := owner(p, info); err != nil {
				return "", fmt.Errorf("cannot use opsi-script: %w", err)
			}
		}
		return p, nil
	}
	return "", fmt.Errorf("%w: looked for %q", ErrNoProgram, places)
}

const (
	versionLimit = 10 * time.Second
	maxVersion   = 4 << 10 // bytes of output that are looked at
)

// Version is what opsi-script says its version is, "" if it says none. It is for
// people alone: nothing is decided by it.
func Version(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, versionLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.Env, cmd.Dir, cmd.WaitDelay = []string{}, os.TempDir(), time.Second
	out := &head{}
	cmd.Stdout, cmd.Stderr = out, out
	_ = cmd.Run() // its exit code tells nothing
	return versionIn(string(out.kept))
}

// head keeps the beginning of an output.
type head struct{ kept []byte }

func (h *head) Write(b []byte) (int, error) {
	h.kept = append(h.kept, b[:min(len(b), maxVersion-len(h.kept))]...)
	return len(b), nil
}

func versionIn(text string) string {
	return regexp.MustCompile(`\b\d{1,5}(?:\.\d{1,5}){2,3}\b`).FindString(text)
}
