// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/quietsetup/quietsetup/checks"
)

// platform is what a Machine keeps on Linux.
type platform struct {
	logind logind // the way to the session manager
	utmp   []string
	self   func() self // asked for once

	// known is what the last look learned of each process that holds as long
	// as the process runs the same executable.
	known atomic.Pointer[map[int32]origin]

	presence
}

// New returns the machine. It opens nothing and starts nothing.
func New(o Options) *Machine {
	if exe, err := os.Executable(); err == nil {
		o.Own = append([]string{exe}, o.Own...)
		if real, err := filepath.EvalSymlinks(exe); err == nil && real != exe {
			o.Own = append(o.Own, real)
		}
	}
	return &Machine{options: o, platform: platform{logind: systemLogind(), utmp: []string{"/run/utmp", "/var/run/utmp"}, self: sync.OnceValue(lookAtSelf)}}
}

// Rules returns the rules of Linux paths.
func (m *Machine) Rules() checks.PathRules { return checks.Unix() }

// maxLinks bounds links that lead to links, as the kernel does.
const maxLinks = 40

// Resolve follows all links of a path. What does not exist yet is left as
// written below the part that does, also behind a link that leads nowhere.
func (m *Machine) Resolve(path string) (string, error) {
	head, tail := filepath.Clean(path), ""
	for links := 0; ; {
		real, err := filepath.EvalSymlinks(head)
		if err == nil {
			return filepath.Join(real, tail), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || head == filepath.Dir(head) || links >= maxLinks {
			return "", fmt.Errorf("cannot follow the links of %s: %w", path, cause(err))
		}
		if to, err := os.Readlink(head); err == nil {
			links++
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(head), to)
			}
			head = to
			continue
		}
		head, tail = filepath.Dir(head), filepath.Join(filepath.Base(head), tail)
	}
}

// cause is an error without the paths it happened on: reasons are kept in the
// open, and a path may be private.
func cause(err error) error {
	for {
		var at *fs.PathError
		if !errors.As(err, &at) {
			return err
		}
		err = at.Err
	}
}
