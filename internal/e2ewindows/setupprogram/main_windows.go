// SPDX-License-Identifier: Apache-2.0

// Command setupprogram is an installer of the kinds that the concept counted in
// practice. It puts the program beside it into a folder and says so in the
// registry; what it does besides, good or bad, its first argument says:
//
//	setupprogram KIND ID VERSION FOLDER [PROGRAM]
//
//	installs   nothing besides
//	kills      ends the program PROGRAM without a question, and installs
//	fails      ends with 1 while a program of the folder runs
//	stays      says that it is done; the old version stays
//	restarts   installs beside the program that runs on, and wants a restart
//	later      wants a restart, at which Windows puts the new files into place
//	promises   wants a restart, and nothing comes of it
//	dies       is half through when the machine restarts
//	asks       waits for an answer in a window that nobody sees
//	removes    takes the folder and the entry away
//
// Each start and each end is a line in C:\runs.log.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// Exit codes of Windows Installer.
const (
	exitDone    = 0
	exitFailed  = 1
	exitRestart = 3010 // ERROR_SUCCESS_REBOOT_REQUIRED
)

const uninstallKeys = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\`

type setup struct{ kind, id, version, folder, program string }

func main() {
	args := append(os.Args[1:], "")
	if len(args) < 5 {
		fmt.Fprintln(os.Stderr, "setupprogram KIND ID VERSION FOLDER [PROGRAM]")
		os.Exit(exitFailed)
	}
	s := setup{args[0], args[1], args[2], args[3], args[4]}
	s.note("begin")
	code, err := s.run()
	if err != nil {
		fmt.Fprintf(os.Stderr, "setupprogram: %v\n", err)
		s.note("error")
		os.Exit(exitFailed)
	}
	s.note("done")
	os.Exit(code)
}

func (s setup) run() (int, error) {
	switch s.kind {
	case "installs":
		return exitDone, s.install()
	case "kills":
		if err := end(s.program); err != nil {
			return exitFailed, err
		}
		return exitDone, s.install()
	case "fails":
		running, err := below(s.folder)
		if err == nil && len(running) > 0 {
			err = fmt.Errorf("cannot replace %v: in use", running)
		}
		if err != nil {
			return exitFailed, err
		}
		return exitDone, s.install()
	case "stays":
		return exitDone, nil
	case "restarts":
		return exitRestart, s.install()
	case "later":
		return exitRestart, s.later()
	case "promises":
		return exitRestart, nil
	case "dies":
		if err := os.MkdirAll(s.folder, 0o755); err != nil {
			return exitFailed, err
		}
		s.note("half")
		time.Sleep(time.Hour)
	case "asks":
		return exitFailed, ask()
	case "removes":
		return exitDone, s.remove()
	}
	return exitFailed, fmt.Errorf("no kind %q", s.kind)
}

// note adds a line in one write, so that lines of several programs stay whole.
func (s setup) note(what string) {
	f, err := os.OpenFile(`C:\runs.log`, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintf(os.Stderr, "setupprogram: %v\n", err)
		return
	}
	defer f.Close()
	token := os.Getenv("QUIETSETUP_TOKEN")
	if token == "" {
		token = "by-hand"
	}
	fmt.Fprintf(f, "%s %s %s %s\n", what, token, s.id, s.version)
}

// install is done like installers do it: the files, then the entry.
func (s setup) install() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(self), "program.exe"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return err
	}
	to := filepath.Join(s.folder, s.id+".exe")
	// What runs can be moved away and not be written to.
	if err := os.Rename(to, to+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(to, text, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.folder, "version.txt"), []byte(s.version), 0o644); err != nil {
		return err
	}
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, uninstallKeys+s.id, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		return err
	}
	defer key.Close()
	for name, value := range map[string]string{"DisplayName": s.id, "DisplayVersion": s.version, "InstallLocation": s.folder} {
		if err := key.SetStringValue(name, value); err != nil {
			return err
		}
	}
	return nil
}

// later leaves to Windows what cannot be done while the old program runs
// (MoveFileEx, MOVEFILE_DELAY_UNTIL_REBOOT).
func (s setup) later() error {
	to := filepath.Join(s.folder, "version.txt")
	from := to + ".new"
	if err := os.WriteFile(from, []byte(s.version), 0o644); err != nil {
		return err
	}
	old, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(old, name, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_DELAY_UNTIL_REBOOT); err != nil {
		return fmt.Errorf("cannot leave %s to the next start: %w", to, err)
	}
	return nil
}

func (s setup) remove() error {
	if err := os.RemoveAll(s.folder); err != nil {
		return err
	}
	return registry.DeleteKey(registry.LOCAL_MACHINE, uninstallKeys+s.id)
}

// below are the processes whose program lies in a folder.
func below(folder string) ([]uint32, error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, err
	}
	defer windows.CloseHandle(snapshot)
	var found []uint32
	e := windows.ProcessEntry32{}
	e.Size = uint32(sizeOfEntry)
	for err = windows.Process32First(snapshot, &e); err == nil; err = windows.Process32Next(snapshot, &e) {
		path := image(e.ProcessID)
		if strings.HasPrefix(strings.ToLower(path), strings.ToLower(folder)+`\`) || strings.EqualFold(path, folder) {
			found = append(found, e.ProcessID)
		}
	}
	return found, nil
}

// image is the path of a process's program, "" if that cannot be seen.
func image(pid uint32) string {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(h)
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(buf))
	if windows.QueryFullProcessImageName(h, 0, &buf[0], &n) != nil {
		return ""
	}
	return windows.UTF16ToString(buf[:n])
}

// end terminates a program as careless installers do.
func end(program string) error {
	pids, err := below(program)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		h, err := windows.OpenProcess(windows.PROCESS_TERMINATE, false, pid)
		if err != nil {
			return fmt.Errorf("cannot end %s: %w", program, err)
		}
		err = windows.TerminateProcess(h, 1)
		windows.CloseHandle(h)
		if err != nil {
			return fmt.Errorf("cannot end %s: %w", program, err)
		}
	}
	return nil
}
