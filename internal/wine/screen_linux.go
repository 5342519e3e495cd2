// SPDX-License-Identifier: Apache-2.0

package wine

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Screen is a display in memory with a window manager: without one no window
// gets the keyboard. Tests have promptui/desktoptest, which adds keys and
// pictures; this one is for a program that is no test.
type Screen struct {
	Display string
	running []*exec.Cmd
}

// NewScreen starts a display.
func NewScreen() (*Screen, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot start a display: %w", err)
	}
	defer r.Close()
	s := &Screen{}
	// Xvfb chooses a number that is free and writes it to the third file.
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset")
	server.ExtraFiles = []*os.File{w}
	err = s.start(server)
	w.Close()
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		s.End()
		return nil, fmt.Errorf("cannot start a display: Xvfb says no number: %w", err)
	}
	s.Display = ":" + strings.TrimSpace(line)
	desk := exec.Command("openbox", "--sm-disable")
	desk.Env = append(os.Environ(), "DISPLAY="+s.Display)
	if err := s.start(desk); err != nil {
		s.End()
		return nil, err
	}
	return s, nil
}

func (s *Screen) start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", cmd.Args[0], err)
	}
	s.running = append(s.running, cmd)
	return nil
}

// End takes the display away.
func (s *Screen) End() {
	for _, cmd := range s.running {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
