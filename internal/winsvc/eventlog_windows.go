// SPDX-License-Identifier: Apache-2.0

package winsvc

import (
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/eventlog"
)

// Kind is how important an event is.
type Kind uint16

// The kinds of the event log.
const (
	Info    Kind = windows.EVENTLOG_INFORMATION_TYPE
	Warning Kind = windows.EVENTLOG_WARNING_TYPE
	Error   Kind = windows.EVENTLOG_ERROR_TYPE
)

// maxEvent is the longest text of an event, in bytes: ReportEvent takes 31,839
// characters.
const maxEvent = 30_000

// EventLog writes to the machine's event log.
type EventLog struct{ log *eventlog.Log }

// OpenEventLog opens the event log for a source.
func OpenEventLog(source string) (*EventLog, error) {
	l, err := eventlog.Open(source)
	if err != nil {
		return nil, fmt.Errorf("cannot open the event log for %s: %w", source, err)
	}
	return &EventLog{l}, nil
}

// Write writes one event. Its number says its kind, because the message file has
// one text for all numbers.
func (l *EventLog) Write(kind Kind, text string) error {
	text = strings.ReplaceAll(text, "\x00", "")
	if len(text) > maxEvent {
		text = strings.ToValidUTF8(text[:maxEvent], "") + "…"
	}
	var err error
	switch kind {
	case Error:
		err = l.log.Error(uint32(Error), text)
	case Warning:
		err = l.log.Warning(uint32(Warning), text)
	default:
		err = l.log.Info(uint32(Info), text)
	}
	if err != nil {
		return fmt.Errorf("cannot write to the event log: %w", err)
	}
	return nil
}

// Close closes it.
func (l *EventLog) Close() error { return l.log.Close() }
