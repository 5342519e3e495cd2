// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// imageQuery is SYSTEM_PROCESS_ID_INFORMATION.
type imageQuery struct {
	PID  uintptr
	Name windows.NTUnicodeString
}

// imageInList returns the path of a process that may not be opened. The kernel
// tells it to everybody, as its own name of a device and what follows, "" for a
// process without an executable.
func imageInList(pid int32) (string, error) {
	for size := 1024; ; size *= 2 {
		buf := make([]uint16, size)
		q := imageQuery{PID: uintptr(pid), Name: windows.NTUnicodeString{MaximumLength: uint16(min(size*2, 0xfffe)), Buffer: &buf[0]}}
		err := windows.NtQuerySystemInformation(windows.SystemProcessIdInformation, unsafe.Pointer(&q), uint32(unsafe.Sizeof(q)), nil)
		switch {
		case err == nil && q.Name.Length == 0:
			return "", nil
		case err == nil:
			return q.Name.String(), nil
		case errors.Is(err, windows.STATUS_INVALID_CID):
			return "", errEnded
		case !errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) || size >= maxImage:
			return "", err
		}
	}
}

// drives are the devices behind drive letters, asked for once in a look.
type drives struct {
	asked  bool
	device map[string]string // `\device\harddiskvolume3` -> "C:"
}

// letters asks the system for all drives. A letter that stands for a folder
// (subst) is no device: its target is a path that begins with `\??\`.
func (d *drives) letters() map[string]string {
	if d.asked {
		return d.device
	}
	d.asked, d.device = true, map[string]string{}
	mask, err := windows.GetLogicalDrives()
	if err != nil {
		return d.device
	}
	for i := range 26 {
		if mask>>i&1 == 0 {
			continue
		}
		letter := string(rune('A'+i)) + ":"
		name, err := windows.UTF16PtrFromString(letter)
		if err != nil {
			continue
		}
		var buf [1024]uint16
		n, err := windows.QueryDosDevice(name, &buf[0], uint32(len(buf)))
		if target := windows.UTF16ToString(buf[:n]); err == nil && strings.HasPrefix(target, `\Device\`) {
			d.device[strings.ToLower(target)] = letter
		}
	}
	return d.device
}

// withLetter turns the kernel's name of a file into the one people know: a
// device becomes its drive, the network a server. What has no drive stays.
func (d *drives) withLetter(path string) string {
	if len(path) < len(`\Device\`) || !strings.EqualFold(path[:len(`\Device\`)], `\Device\`) {
		return path
	}
	for _, network := range []string{`\device\mup\`, `\device\lanmanredirector\`} {
		if len(path) > len(network) && strings.EqualFold(path[:len(network)], network) {
			return `\\` + path[len(network):]
		}
	}
	end := strings.IndexByte(path[len(`\Device\`):], '\\')
	if end < 0 {
		return path
	}
	device, rest := path[:len(`\Device\`)+end], path[len(`\Device\`)+end:]
	if letter := d.letters()[strings.ToLower(device)]; letter != "" {
		return letter + rest
	}
	return path
}

// longName replaces short names (PROGRA~1) by those they stand for. A process
// keeps the name by which its executable was opened, so it may hold some. A part
// that is not there any more stays as it is, below the part that is. Only what lies
// on a drive is asked for: whoever starts a program from a server of his choice
// would have the machine log on there at each look.
func longName(path string) string {
	if !strings.Contains(path, "~") || !onDrive(path) {
		return path
	}
	head, tail := path, ""
	for {
		if long, err := longPathName(head); err == nil {
			return long + tail
		}
		i := strings.LastIndexByte(head, '\\')
		if i <= 2 {
			return path
		}
		head, tail = path[:i], path[i:]
	}
}

// onDrive reports whether a path begins with a drive's letter, in either spelling.
func onDrive(path string) bool {
	path = strings.TrimPrefix(path, `\\?\`)
	return len(path) > 2 && ('A' <= path[0]&^0x20 && path[0]&^0x20 <= 'Z') && path[1] == ':' && path[2] == '\\'
}

func longPathName(path string) (string, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", err
	}
	buf := make([]uint16, maxImage)
	n, err := windows.GetLongPathName(name, &buf[0], uint32(len(buf)))
	if err != nil {
		return "", err
	}
	return windows.UTF16ToString(buf[:min(n, uint32(len(buf)))]), nil
}
