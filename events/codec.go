// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// Message is an input or event as it stands in a record. Type is a written
// name, never that of a Go type; V counts the meanings of that name.
type Message struct {
	Type string          `json:"type"`
	V    int             `json:"v"`
	Data json.RawMessage `json:"data"`
}

// ErrUnknownType is returned for a message this build has no type for, by name
// or by version. The daemon stops on it; a reader may show the message raw.
var ErrUnknownType = errors.New("unknown message type")

// name is what a message is called where it is written, and its current version.
type name struct {
	text string
	v    int
}

// entry ties a name to the Go type its data decodes to.
type entry struct {
	name
	typ reflect.Type
}

// decode reads data of the current version.
func (d entry) decode(data json.RawMessage) (any, error) {
	x := reflect.New(d.typ)
	if err := json.Unmarshal(data, x.Interface()); err != nil {
		return nil, err
	}
	return x.Elem().Interface(), nil
}

// describeInput gives the written name and version of every input.
func describeInput(in Input) (name, bool) {
	switch in.(type) {
	case StoreOpened:
		return name{"store_opened", 1}, true
	case Restarted:
		return name{"restarted", 1}, true
	case RequestsObserved:
		return name{"requests_observed", 1}, true
	case Prepared:
		return name{"prepared", 1}, true
	case ChecksObserved:
		return name{"checks_observed", 1}, true
	case WindowShown:
		return name{"window_shown", 1}, true
	case WindowFailed:
		return name{"window_failed", 1}, true
	case UserAnswered:
		return name{"user_answered", 1}, true
	case TimeCame:
		return name{"time_came", 1}, true
	case CloseObserved:
		return name{"close_observed", 1}, true
	case InstallerStarted:
		return name{"installer_started", 1}, true
	case InstallerStalled:
		return name{"installer_stalled", 1}, true
	case InstallerWentOn:
		return name{"installer_went_on", 1}, true
	case InstallerEnded:
		return name{"installer_ended", 1}, true
	case InstallProbed:
		return name{"install_probed", 1}, true
	case InstallVerified:
		return name{"install_verified", 1}, true
	case ReportAnswered:
		return name{"report_answered", 1}, true
	case DeferRequested:
		return name{"defer_requested", 1}, true
	case ResumeRequested:
		return name{"resume_requested", 1}, true
	case ResetRequested:
		return name{"reset_requested", 1}, true
	case HoldRequested:
		return name{"hold_requested", 1}, true
	case ReleaseRequested:
		return name{"release_requested", 1}, true
	case ModeChosen:
		return name{"mode_chosen", 1}, true
	case CheckpointWanted:
		return name{"checkpoint_wanted", 1}, true
	case RulesChosen:
		return name{"rules_chosen", 1}, true
	case ForkObserved:
		return name{"fork_observed", 1}, true
	case RebuildObserved:
		return name{"rebuild_observed", 1}, true
	}
	return name{}, false
}

// Inputs returns one value of every input type, in the order of input.go.
func Inputs() []Input {
	return []Input{StoreOpened{}, Restarted{}, RequestsObserved{}, Prepared{}, ChecksObserved{},
		WindowShown{}, WindowFailed{}, UserAnswered{}, TimeCame{}, CloseObserved{},
		InstallerStarted{}, InstallerStalled{}, InstallerWentOn{}, InstallerEnded{}, InstallProbed{}, InstallVerified{}, ReportAnswered{},
		DeferRequested{}, ResumeRequested{}, ResetRequested{}, HoldRequested{}, ReleaseRequested{}, ModeChosen{},
		CheckpointWanted{}, RulesChosen{}, ForkObserved{}, RebuildObserved{}}
}

// describeEvent gives the written name and version of every event.
func describeEvent(e Event) (name, bool) {
	switch e.(type) {
	case ClientBorn:
		return name{"client_born", 1}, true
	case ClientRestarted:
		return name{"client_restarted", 1}, true
	case ClockStepped:
		return name{"clock_stepped", 1}, true
	case RulesChanged:
		return name{"rules_changed", 1}, true
	case Checkpointed:
		return name{"checkpoint", 1}, true
	case StoreForked:
		return name{"store_forked", 1}, true
	case StoreRebuilt:
		return name{"store_rebuilt", 1}, true
	case OrderChanged:
		return name{"order_changed", 1}, true
	case PresenceChanged:
		return name{"presence_changed", 1}, true
	case Accepted:
		return name{"accepted", 1}, true
	case Queued:
		return name{"queued", 1}, true
	case Retargeted:
		return name{"retargeted", 1}, true
	case Held:
		return name{"held", 1}, true
	case WaitEnded:
		return name{"wait_ended", 1}, true
	case ChecksStarted:
		return name{"checks_started", 1}, true
	case RoundPrepared:
		return name{"round_prepared", 1}, true
	case ScanFailed:
		return name{"scan_failed", 1}, true
	case WindowOpened:
		return name{"window_opened", 1}, true
	case WindowSeen:
		return name{"window_seen", 1}, true
	case WindowLost:
		return name{"window_lost", 1}, true
	case ProgramsChanged:
		return name{"programs_changed", 1}, true
	case Answered:
		return name{"answered", 1}, true
	case WindowClosed:
		return name{"window_closed", 1}, true
	case Rechecked:
		return name{"rechecked", 1}, true
	case Deferred:
		return name{"deferred", 1}, true
	case CloseAgreed:
		return name{"close_agreed", 1}, true
	case SentBack:
		return name{"sent_back", 1}, true
	case InstallCleared:
		return name{"install_cleared", 1}, true
	case InstallBegun:
		return name{"install_begun", 1}, true
	case AttemptStalled:
		return name{"attempt_stalled", 1}, true
	case AttemptWentOn:
		return name{"attempt_went_on", 1}, true
	case AttemptVoided:
		return name{"attempt_voided", 1}, true
	case AttemptLost:
		return name{"attempt_lost", 1}, true
	case AttemptRepeated:
		return name{"attempt_repeated", 1}, true
	case InstallerExited:
		return name{"installer_exited", 1}, true
	case RestartAwaited:
		return name{"restart_awaited", 1}, true
	case Detected:
		return name{"detected", 1}, true
	case Finished:
		return name{"finished", 1}, true
	case ReportAccepted:
		return name{"report_accepted", 1}, true
	case ReportRefused:
		return name{"report_refused", 1}, true
	case Reported:
		return name{"reported", 1}, true
	case HoldPlaced:
		return name{"hold_placed", 1}, true
	case ModeChanged:
		return name{"mode_changed", 1}, true
	case HoldReleased:
		return name{"hold_released", 1}, true
	case CountersReset:
		return name{"counters_reset", 1}, true
	case RebootWanted:
		return name{"reboot_wanted", 1}, true
	case RebootDone:
		return name{"reboot_done", 1}, true
	}
	return name{}, false
}

// Events returns one value of every event type, in the order of event.go.
func Events() []Event {
	return []Event{ClientBorn{}, ClientRestarted{}, ClockStepped{}, RulesChanged{}, Checkpointed{},
		StoreForked{}, StoreRebuilt{}, OrderChanged{}, PresenceChanged{}, Accepted{}, Queued{}, Retargeted{}, Held{},
		WaitEnded{}, ChecksStarted{}, RoundPrepared{}, ScanFailed{}, WindowOpened{}, WindowSeen{},
		WindowLost{}, ProgramsChanged{}, Answered{}, WindowClosed{}, Rechecked{}, Deferred{},
		CloseAgreed{}, SentBack{}, InstallCleared{}, InstallBegun{}, AttemptStalled{}, AttemptWentOn{}, AttemptVoided{}, AttemptLost{},
		AttemptRepeated{}, InstallerExited{}, RestartAwaited{}, Detected{}, Finished{}, ReportAccepted{}, ReportRefused{}, Reported{},
		HoldPlaced{}, HoldReleased{}, ModeChanged{}, CountersReset{}, RebootWanted{}, RebootDone{}}
}

// EventName is the written name of an event.
func EventName(e Event) string { d, _ := describeEvent(e); return d.text }

// InputName is the written name of an input.
func InputName(in Input) string { d, _ := describeInput(in); return d.text }

// EncodeInput turns an input into its message.
func EncodeInput(in Input) (Message, error) {
	d, ok := describeInput(in)
	if !ok {
		return Message{}, fmt.Errorf("cannot encode input %T: %w", in, ErrUnknownType)
	}
	return encode(d, in)
}

// EncodeEvent turns an event into its message.
func EncodeEvent(e Event) (Message, error) {
	d, ok := describeEvent(e)
	if !ok {
		return Message{}, fmt.Errorf("cannot encode event %T: %w", e, ErrUnknownType)
	}
	return encode(d, e)
}

func encode(d name, x any) (Message, error) {
	b, err := marshal(x)
	if err != nil {
		return Message{}, fmt.Errorf("cannot encode %s: %w", d.text, err)
	}
	return Message{Type: d.text, V: d.v, Data: b}, nil
}

// marshal is json.Marshal without the escaping of <, > and &, which would make
// lines harder to read and search.
func marshal(x any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		return nil, err
	}
	return oneReplacement(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// oneReplacement writes U+FFFD in one way. For a byte that is not UTF-8 the
// encoder writes an escape, for the character that was read back from it the
// character: a log decided again would differ from itself.
func oneReplacement(text []byte) []byte {
	escape := []byte(`\ufffd`)
	if !bytes.Contains(text, escape) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			out = append(out, text[i])
		case bytes.HasPrefix(text[i:], escape):
			out = utf8.AppendRune(out, utf8.RuneError)
			i += len(escape) - 1
		default: // an escape of another kind, two bytes that belong together
			out = append(out, text[i:i+2]...)
			i++
		}
	}
	return out
}

// Comparer holds events against messages. It writes each over the one before,
// so it is not for use by several goroutines.
type Comparer struct {
	buf bytes.Buffer
	enc *json.Encoder
}

// NewComparer returns a comparer.
func NewComparer() *Comparer {
	c := &Comparer{}
	c.enc = json.NewEncoder(&c.buf)
	c.enc.SetEscapeHTML(false)
	return c
}

// Same reports whether m is, to the byte, what EncodeEvent makes of the event.
func (c *Comparer) Same(e Event, m Message) bool {
	d, ok := describeEvent(e)
	if !ok || d.text != m.Type || d.v != m.V {
		return false
	}
	c.buf.Reset()
	if c.enc.Encode(e) != nil {
		return false
	}
	return bytes.Equal(oneReplacement(bytes.TrimSuffix(c.buf.Bytes(), []byte("\n"))), m.Data)
}

// Codec decodes messages. Its tables are built once from the closed lists.
type Codec struct {
	inputs, events map[string]entry
	upcasts        map[upcastKey]Upcast
}

// NewCodec returns a codec for every type this build knows.
func NewCodec() *Codec {
	c := &Codec{inputs: map[string]entry{}, events: map[string]entry{}, upcasts: upcasters()}
	for _, in := range Inputs() {
		d, _ := describeInput(in)
		c.inputs[d.text] = entry{d, reflect.TypeOf(in)}
	}
	for _, e := range Events() {
		d, _ := describeEvent(e)
		c.events[d.text] = entry{d, reflect.TypeOf(e)}
	}
	return c
}

// Input decodes an input, through its upcasters if it is of an older version.
func (c *Codec) Input(m Message) (Input, error) {
	x, err := c.decode(c.inputs, m)
	if err != nil {
		return nil, fmt.Errorf("cannot decode input %s: %w", m.Type, err)
	}
	return x.(Input), nil
}

// Event decodes an event, through its upcasters if it is of an older version.
func (c *Codec) Event(m Message) (Event, error) {
	x, err := c.decode(c.events, m)
	if err != nil {
		return nil, fmt.Errorf("cannot decode event %s: %w", m.Type, err)
	}
	return x.(Event), nil
}

func (c *Codec) decode(table map[string]entry, m Message) (any, error) {
	d, ok := table[m.Type]
	if !ok || m.V > d.v || m.V < 1 {
		return nil, fmt.Errorf("%q version %d: %w", m.Type, m.V, ErrUnknownType)
	}
	data := m.Data
	for v := m.V; v < d.v; v++ {
		up, ok := c.upcasts[upcastKey{m.Type, v}]
		if !ok {
			return nil, fmt.Errorf("no upcaster for %q version %d: %w", m.Type, v, ErrUnknownType)
		}
		var err error
		if data, err = up(data); err != nil {
			return nil, fmt.Errorf("cannot upcast %q from version %d: %w", m.Type, v, err)
		}
	}
	return d.decode(data)
}
