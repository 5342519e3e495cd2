// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// pty is a terminal with a screen that the test can read.
type pty struct {
	*testing.T
	master, slave *os.File

	mu   sync.Mutex
	main screen
	alt  screen
	on   bool // the second screen is shown
	seq  string
	all  string // everything that came
}

// screen is what a terminal shows, as far as we use it.
type screen struct {
	rows     []string
	row, col int
}

func newPTY(t *testing.T, width, height uint16) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, "needs a pseudo terminal: "+err.Error())
	}
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, "needs a pseudo terminal: "+err.Error())
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width}); err != nil {
		t.Fatal(err)
	}
	p := &pty{T: t, master: master, slave: slave}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			p.feed(string(buf[:n]))
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		slave.Close()
		_, _ = master.WriteString("\n") // ends a read that still waits, and with it the last holder
		select {
		case <-read:
		case <-time.After(5 * time.Second):
			t.Error("somebody still holds the terminal")
		}
		master.Close()
	})
	return p
}

// feed obeys what we send to terminals, and nothing else.
func (p *pty) feed(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all += s
	for _, r := range p.seq + s {
		if p.seq != "" || r == 0x1b {
			p.seq += string(r)
			if len(p.seq) > 2 && r >= 0x40 && r <= 0x7e {
				p.obey(p.seq)
				p.seq = ""
			}
			continue
		}
		p.put(r)
	}
}

func (p *pty) shown() *screen {
	if p.on {
		return &p.alt
	}
	return &p.main
}

func (p *pty) put(r rune) {
	s := p.shown()
	switch r {
	case '\r':
		s.col = 0
		return
	case '\n':
		s.row++
		return
	}
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, "")
	}
	line := []rune(s.rows[s.row])
	for len(line) <= s.col {
		line = append(line, ' ')
	}
	line[s.col] = r
	s.col++
	s.rows[s.row] = string(line)
}

func (p *pty) obey(seq string) {
	s := p.shown()
	switch seq {
	case "\x1b[H":
		s.row, s.col = 0, 0
	case "\x1b[K":
		if s.row < len(s.rows) {
			line := []rune(s.rows[s.row])
			s.rows[s.row] = string(line[:min(s.col, len(line))])
		}
	case "\x1b[J":
		s.rows = s.rows[:min(s.row+1, len(s.rows))]
	case "\x1b[2J":
		s.rows = nil
	case "\x1b[?1049h":
		p.on, p.alt = true, screen{}
	case "\x1b[?1049l":
		p.on = false
	case styleBold, styleMark, styleOff, "\x1b[?25l", "\x1b[?25h", "\x1b[?2004h", "\x1b[?2004l":
	default:
		p.Errorf("the terminal got %q", seq)
	}
}

// text is what is on the screen now, and whether it is the second one.
func (p *pty) text() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, r := range p.shown().rows {
		b.WriteString(strings.TrimRight(r, " ") + "\n")
	}
	return b.String(), p.on
}

// wait waits until the text is on the screen.
func (p *pty) wait(text string, second bool) string {
	p.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		s, on := p.text()
		if on == second && strings.Contains(s, text) {
			return s
		}
		if time.Now().After(deadline) {
			p.Fatalf("%q does not come; the screen (second: %v) is\n%s", text, on, s)
		}
	}
}

func (p *pty) typed(s string) {
	p.Helper()
	if _, err := p.master.WriteString(s); err != nil {
		p.Fatal(err)
	}
}

// press types a key until the window has gone: a new one takes none at first.
func (p *pty) press(key string) {
	p.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, on := p.text(); !on {
			return
		}
		p.typed(key)
	}
	p.Fatalf("%q does not answer the window", key)
}

// modes are the terminal's settings.
func (p *pty) modes() unix.Termios {
	p.Helper()
	m, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.Fatal(err)
	}
	return *m
}
