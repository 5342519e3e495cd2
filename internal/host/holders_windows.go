// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// holders tells which processes use files, wherever their own programs lie: one
// that has loaded a library of a product keeps its installer from replacing it.
// It is the Restart Manager, and a table in tests.
type holders interface {
	of(ctx context.Context, files []string) ([]events.ProcessID, error)
}

// The bounds of a look for holders in all directories of a package. Such a look is
// an additional source: what it does not tell makes no look incomplete.
const (
	holdWait = 3 * time.Second
	maxHeld  = 300  // programs and libraries that are asked for
	maxNames = 3000 // names that are read to find them
)

// addHolders adds the programs that use what lies in the directories of the rules
// and were not found by their own path.
func (s *search) addHolders(ctx context.Context, h holders) {
	ctx, stop := context.WithTimeout(ctx, holdWait)
	defer stop()
	names, files := maxNames, maxHeld
	for _, place := range s.match.Places() {
		if !place.Dir {
			continue
		}
		held := libraries(place.Path, &names, &files)
		if len(held) == 0 {
			continue
		}
		using, err := h.of(ctx, held)
		if err != nil {
			return
		}
		for _, id := range using {
			if !slices.ContainsFunc(s.found, func(p checks.Program) bool { return p.ID == id }) {
				s.addHolder(id, place.Rule)
			}
		}
	}
}

// libraries lists the files below a directory that a program can have loaded, and
// takes what it reads and lists from the two bounds.
func libraries(dir string, names, files *int) []string {
	var out []string
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch *names--; {
		case *names < 0 || *files <= 0:
			return fs.SkipAll
		case err != nil: // not there, or not to be read: nothing is known of it
			return nil
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".exe", ".dll", ".ocx", ".cpl", ".drv", ".node", ".pyd", ".jar":
			if d.Type().IsRegular() {
				*files--
				out = append(out, path)
			}
		}
		return nil
	})
	return out
}

func (s *search) addHolder(id events.ProcessID, rule string) {
	h, err := openToLook(int32(id.PID))
	if err != nil {
		return
	}
	defer windows.CloseHandle(h)
	exe, err := imageOf(h)
	if err != nil {
		return
	}
	p, err := s.describe(h, int32(id.PID), s.known(exe))
	if err != nil || p.ID != id {
		return // it has ended, and its pid may be another's by now
	}
	p.Rule = rule
	s.found = append(s.found, p)
}
