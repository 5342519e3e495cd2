// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package host

import (
	"context"
	"fmt"

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
