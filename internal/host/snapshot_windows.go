// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// row is what the kernel lists of each process, whoever asks.
type row struct {
	pid, parent int32
	session     uint32
	start       int64 // in units of 100 ns since 1601
	name        string
}

// maxSnapshot bounds the list of processes, in bytes.
const maxSnapshot = 64 << 20

// snapshot returns all processes in the order of their start. The kernel gives
// the whole list at once (NtQuerySystemInformation), so none is missed or seen
// twice because others come and go.
func snapshot() ([]row, error) {
	// Aligned for the structure that lies at its beginning.
	for words := 1 << 15; ; words *= 2 {
		buf := make([]uint64, words)
		var need uint32
		err := windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&buf[0]), uint32(words*8), &need)
		if errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) && words*8 < maxSnapshot {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list processes: %w", err)
		}
		return readSnapshot(unsafe.Pointer(&buf[0]), uintptr(words*8)), nil
	}
}

func readSnapshot(at unsafe.Pointer, size uintptr) []row {
	var out []row
	for offset := uintptr(0); offset+unsafe.Sizeof(windows.SYSTEM_PROCESS_INFORMATION{}) <= size; {
		p := (*windows.SYSTEM_PROCESS_INFORMATION)(unsafe.Add(at, offset))
		out = append(out, row{pid: int32(p.UniqueProcessID), parent: int32(p.InheritedFromUniqueProcessID),
			session: p.SessionID, start: p.CreateTime, name: p.ImageName.String()})
		if p.NextEntryOffset == 0 {
			break
		}
		offset += uintptr(p.NextEntryOffset)
	}
	return out
}

// ancestors returns this process and all it was started by. A pid is given away
// again, and a process keeps the pid of its parent: whoever started later is none.
func ancestors(rows []row) map[int32]bool {
	by := make(map[int32]row, len(rows))
	for _, r := range rows {
		by[r.pid] = r
	}
	out := map[int32]bool{}
	r, ok := by[int32(os.Getpid())]
	for ok && !out[r.pid] {
		out[r.pid] = true
		child := r
		if r, ok = by[r.parent]; ok && r.start > child.start {
			break
		}
	}
	return out
}
