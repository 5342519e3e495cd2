// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/internal/winsvc"
)

// eventLog writes warnings and errors of the log to the machine's event log, and
// not more of them than an admin wants to read: the log itself has them all.
type eventLog struct {
	log    *winsvc.EventLog // nil = it cannot be opened, and nobody can be told
	budget *budget
}

func newEventLog() *eventLog {
	l, err := winsvc.OpenEventLog(serviceName)
	if err != nil {
		l = nil
	}
	return &eventLog{log: l, budget: newBudget(20, 10*time.Minute)}
}

// Write takes an event without a level; such events are not for admins.
func (l *eventLog) Write(event []byte) (int, error) { return len(event), nil }

// WriteLevel takes one event, as the logger hands it over.
func (l *eventLog) WriteLevel(level zerolog.Level, event []byte) (int, error) {
	kind := winsvc.Warning
	switch {
	case level < zerolog.WarnLevel || level >= zerolog.NoLevel:
		return len(event), nil
	case level >= zerolog.ErrorLevel:
		kind = winsvc.Error
	}
	left, ok := l.budget.take(time.Now())
	if !ok {
		return len(event), nil
	}
	text := readable(event)
	if left > 0 {
		text += "\n" + strconv.Itoa(left) + " more before this are in the log alone."
	}
	l.tell(kind, text)
	return len(event), nil
}

// tell writes one event. A log that takes nothing is no reason to stop working.
func (l *eventLog) tell(kind winsvc.Kind, text string) {
	if l.log != nil {
		_ = l.log.Write(kind, text)
	}
}

func (l *eventLog) close() {
	if l.log != nil {
		_ = l.log.Close() // nothing is lost by it
	}
}

// readable is an event of the logger as a line for people.
func readable(event []byte) string {
	var b strings.Builder
	w := zerolog.ConsoleWriter{Out: oneLine{&b, false}, NoColor: true, PartsExclude: []string{zerolog.TimestampFieldName, zerolog.LevelFieldName}}
	if _, err := w.Write(event); err != nil {
		return strings.TrimSpace(string(event))
	}
	return strings.TrimSpace(b.String())
}
