// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Limits of the log at the server, in bytes. The server cuts what it gets at ten
// million and is set to five for a whole file as a rule; one client of thousands
// should need far less.
const (
	maxLogPart = 1_000_000
	maxLog     = 4_000_000
)

// LogLevel is how much a line matters, opsi's numbers.
type LogLevel int

// The levels that are of use for people.
const (
	LogEssential LogLevel = 1
	LogError     LogLevel = 3
	LogWarning   LogLevel = 4
	LogNotice    LogLevel = 5
	LogInfo      LogLevel = 6
)

// LogLine is a line of the log that administrators read at the server. It holds
// nothing personal: no user, no path below a home, no command line.
type LogLine struct {
	Level   LogLevel
	At      time.Time
	Product string // "" = it is about none
	Text    string
}

// String is the line as opsi's own programs write it, so that the server's viewer
// colours and filters it.
func (l LogLine) String() string {
	return fmt.Sprintf("[%d] [%s] [%s] %s", l.Level, l.At.Format("2006-01-02 15:04:05.000"), l.Product, line(l.Text))
}

// instlog gathers lines until something is written anyway: a log is worth no
// request of its own.
type instlog struct {
	mu     sync.Mutex
	text   strings.Builder
	anew   bool // the next write begins a new log
	length int  // of the log at the server since it was begun
	full   bool
}

// BeginLog makes the next lines begin a new log; the server keeps the one before.
// What was not sent by then is given up.
func (s *Source) BeginLog() {
	l := &s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
	l.anew, l.length, l.full = true, 0, false
}

// Log adds lines to the log at the server. They go with the next report. A log
// that has become too long ends with a line that says so.
func (s *Source) Log(lines ...LogLine) {
	l := &s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range lines {
		if l.full {
			return
		}
		text := x.String() + "\n"
		if l.text.Len()+len(text) > maxLogPart || l.length+l.text.Len()+len(text) > maxLog {
			x.Level, x.Product, x.Text = LogNotice, "", "the log is too long for the server; the rest is on this machine alone"
			text, l.full = x.String()+"\n", true
		}
		l.text.WriteString(text)
	}
}

// call is what has to be written, nil if nothing has.
func (l *instlog) call(hostID string) *Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		return nil
	}
	return &Call{Method: "log_write", Params: []any{"instlog", l.text.String(), hostID, !l.anew}}
}

// unclear notes that a call may have been carried out. Sent again as a new log it
// would push the round before out of the server; a line that is there twice does less
// harm.
func (l *instlog) unclear(c *Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.HasPrefix(l.text.String(), c.Params[1].(string)) { // else a new log was begun meanwhile
		l.anew = false
	}
}

// refused gives up what a call should have written. A log that was to be begun is
// still to be begun.
func (l *instlog) refused(c *Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(c)
}

// written forgets what a call has written.
func (l *instlog) written(c *Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sent, ok := l.drop(c); ok {
		l.anew, l.length = false, l.length+sent
		// What was full while the server was away may have room again.
		l.full = l.full && l.length > maxLog-maxLogPart
	}
}

// drop takes the text of a call away; false = a new log was begun meanwhile. The
// caller holds mu.
func (l *instlog) drop(c *Call) (sent int, ok bool) {
	text := c.Params[1].(string)
	rest, ok := strings.CutPrefix(l.text.String(), text)
	if ok {
		l.text.Reset()
		l.text.WriteString(rest)
	}
	return len(text), ok
}
