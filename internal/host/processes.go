// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"strings"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/process"
)

// pids returns the ids of all running processes.
//
// Of gopsutil only this and exeOf are used. Its Processes and NewProcess open a
// handle per process that lives until the next garbage collection, and read
// four more files each.
func pids(ctx context.Context) ([]int32, error) {
	list, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %w", err)
	}
	return list, nil
}

// exeOf returns the path of a process's executable as the system tells it.
func exeOf(ctx context.Context, pid int32) (string, error) {
	return (&process.Process{Pid: pid}).ExeWithContext(ctx)
}

// atProc returns a context under which pids and exeOf read /proc. Else they ask
// the environment at every call where it is, and all else here does not.
func atProc(ctx context.Context) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{common.HostProcEnvKey: "/proc"})
}

// blind counts the processes that could not be looked into.
type blind struct {
	n     int
	first int32
	err   error // of the first
}

func (b *blind) add(pid int32, err error) {
	if b.n == 0 {
		b.first, b.err = pid, err
	}
	b.n++
}

// problem says what could not be seen, nil if nothing.
func (b *blind) problem() error {
	switch b.n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("cannot see which program process %d runs: %w", b.first, b.err)
	}
	return fmt.Errorf("cannot see which programs %d processes run, the first is %d: %w", b.n, b.first, b.err)
}

// ownPath reports whether path is one of own or lies below one.
func ownPath(own []string, path string) bool {
	for _, o := range own {
		o = strings.TrimRight(o, `/\`)
		if rest, ok := strings.CutPrefix(path, o); o != "" && ok && (rest == "" || rest[0] == '/' || rest[0] == '\\') {
			return true
		}
	}
	return false
}
