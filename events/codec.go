// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// entry ties a written name and its current version to a Go type.
type entry struct {
	name   string
	v      int
	decode func(json.RawMessage) (any, error)
}

func known[T any](name string, v int) entry {
	return entry{name: name, v: v, decode: func(b json.RawMessage) (any, error) {
		var x T
		if err := json.Unmarshal(b, &x); err != nil {
			return nil, err
		}
		return x, nil
	}}
}

// describeInput gives the written name and version of every input.
func describeInput(in Input) (entry, bool) {
	switch in.(type) {
	case StoreOpened:
		return known[StoreOpened]("store_opened", 1), true
	case Restarted:
		return known[Restarted]("restarted", 1), true
	case RequestsObserved:
		return known[RequestsObserved]("requests_observed", 1), true
	case Prepared:
		return known[Prepared]("prepared", 1), true
	case ChecksObserved:
		return known[ChecksObserved]("checks_observed", 1), true
	case WindowShown:
		return known[WindowShown]("window_shown", 1), true
	case WindowFailed:
		return known[WindowFailed]("window_failed", 1), true
	case UserAnswered:
		return known[UserAnswered]("user_answered", 1), true
	case TimeCame:
		return known[TimeCame]("time_came", 1), true
	case CloseObserved:
		return known[CloseObserved]("close_observed", 1), true
	case InstallerStarted:
		return known[InstallerStarted]("installer_started", 1), true
	case InstallerEnded:
		return known[InstallerEnded]("installer_ended", 1), true
	case InstallProbed:
		return known[InstallProbed]("install_probed", 1), true
	case InstallVerified:
		return known[InstallVerified]("install_verified", 1), true
	case ReportAnswered:
		return known[ReportAnswered]("report_answered", 1), true
	case DeferRequested:
		return known[DeferRequested]("defer_requested", 1), true
	case ResumeRequested:
		return known[ResumeRequested]("resume_requested", 1), true
	case ResetRequested:
		return known[ResetRequested]("reset_requested", 1), true
	case HoldRequested:
		return known[HoldRequested]("hold_requested", 1), true
	case ReleaseRequested:
		return known[ReleaseRequested]("release_requested", 1), true
	case CheckpointWanted:
		return known[CheckpointWanted]("checkpoint_wanted", 1), true
	case RulesChosen:
		return known[RulesChosen]("rules_chosen", 1), true
	case ForkObserved:
		return known[ForkObserved]("fork_observed", 1), true
	case RebuildObserved:
		return known[RebuildObserved]("rebuild_observed", 1), true
	}
	return entry{}, false
}

// Inputs returns one value of every input type, in the order of input.go.
func Inputs() []Input {
	return []Input{StoreOpened{}, Restarted{}, RequestsObserved{}, Prepared{}, ChecksObserved{},
		WindowShown{}, WindowFailed{}, UserAnswered{}, TimeCame{}, CloseObserved{},
		InstallerStarted{}, InstallerEnded{}, InstallProbed{}, InstallVerified{}, ReportAnswered{},
		DeferRequested{}, ResumeRequested{}, ResetRequested{}, HoldRequested{}, ReleaseRequested{},
		CheckpointWanted{}, RulesChosen{}, ForkObserved{}, RebuildObserved{}}
}

// describeEvent gives the written name and version of every event.
func describeEvent(e Event) (entry, bool) {
	switch e.(type) {
	case ClientBorn:
		return known[ClientBorn]("client_born", 1), true
	case ClientRestarted:
		return known[ClientRestarted]("client_restarted", 1), true
	case ClockStepped:
		return known[ClockStepped]("clock_stepped", 1), true
	case RulesChanged:
		return known[RulesChanged]("rules_changed", 1), true
	case Checkpointed:
		return known[Checkpointed]("checkpoint", 1), true
	case StoreForked:
		return known[StoreForked]("store_forked", 1), true
	case StoreRebuilt:
		return known[StoreRebuilt]("store_rebuilt", 1), true
	case PresenceChanged:
		return known[PresenceChanged]("presence_changed", 1), true
	case Accepted:
		return known[Accepted]("accepted", 1), true
	case Queued:
		return known[Queued]("queued", 1), true
	case Retargeted:
		return known[Retargeted]("retargeted", 1), true
	case Held:
		return known[Held]("held", 1), true
	case WaitEnded:
		return known[WaitEnded]("wait_ended", 1), true
	case ChecksStarted:
		return known[ChecksStarted]("checks_started", 1), true
	case RoundPrepared:
		return known[RoundPrepared]("round_prepared", 1), true
	case ScanFailed:
		return known[ScanFailed]("scan_failed", 1), true
	case WindowOpened:
		return known[WindowOpened]("window_opened", 1), true
	case WindowSeen:
		return known[WindowSeen]("window_seen", 1), true
	case WindowLost:
		return known[WindowLost]("window_lost", 1), true
	case ProgramsChanged:
		return known[ProgramsChanged]("programs_changed", 1), true
	case Answered:
		return known[Answered]("answered", 1), true
	case WindowClosed:
		return known[WindowClosed]("window_closed", 1), true
	case Rechecked:
		return known[Rechecked]("rechecked", 1), true
	case Deferred:
		return known[Deferred]("deferred", 1), true
	case CloseAgreed:
		return known[CloseAgreed]("close_agreed", 1), true
	case SentBack:
		return known[SentBack]("sent_back", 1), true
	case InstallCleared:
		return known[InstallCleared]("install_cleared", 1), true
	case InstallBegun:
		return known[InstallBegun]("install_begun", 1), true
	case AttemptVoided:
		return known[AttemptVoided]("attempt_voided", 1), true
	case AttemptLost:
		return known[AttemptLost]("attempt_lost", 1), true
	case AttemptRepeated:
		return known[AttemptRepeated]("attempt_repeated", 1), true
	case InstallerExited:
		return known[InstallerExited]("installer_exited", 1), true
	case Detected:
		return known[Detected]("detected", 1), true
	case Finished:
		return known[Finished]("finished", 1), true
	case ReportAccepted:
		return known[ReportAccepted]("report_accepted", 1), true
	case ReportRefused:
		return known[ReportRefused]("report_refused", 1), true
	case Reported:
		return known[Reported]("reported", 1), true
	case HoldPlaced:
		return known[HoldPlaced]("hold_placed", 1), true
	case HoldReleased:
		return known[HoldReleased]("hold_released", 1), true
	case CountersReset:
		return known[CountersReset]("counters_reset", 1), true
	case RebootWanted:
		return known[RebootWanted]("reboot_wanted", 1), true
	case RebootDone:
		return known[RebootDone]("reboot_done", 1), true
	}
	return entry{}, false
}

// Events returns one value of every event type, in the order of event.go.
func Events() []Event {
	return []Event{ClientBorn{}, ClientRestarted{}, ClockStepped{}, RulesChanged{}, Checkpointed{},
		StoreForked{}, StoreRebuilt{}, PresenceChanged{}, Accepted{}, Queued{}, Retargeted{}, Held{},
		WaitEnded{}, ChecksStarted{}, RoundPrepared{}, ScanFailed{}, WindowOpened{}, WindowSeen{},
		WindowLost{}, ProgramsChanged{}, Answered{}, WindowClosed{}, Rechecked{}, Deferred{},
		CloseAgreed{}, SentBack{}, InstallCleared{}, InstallBegun{}, AttemptVoided{}, AttemptLost{},
		AttemptRepeated{}, InstallerExited{}, Detected{}, Finished{}, ReportAccepted{}, ReportRefused{}, Reported{},
		HoldPlaced{}, HoldReleased{}, CountersReset{}, RebootWanted{}, RebootDone{}}
}

// EventName is the written name of an event.
func EventName(e Event) string { d, _ := describeEvent(e); return d.name }

// InputName is the written name of an input.
func InputName(in Input) string { d, _ := describeInput(in); return d.name }

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

func encode(d entry, x any) (Message, error) {
	b, err := marshal(x)
	if err != nil {
		return Message{}, fmt.Errorf("cannot encode %s: %w", d.name, err)
	}
	return Message{Type: d.name, V: d.v, Data: b}, nil
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
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
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
		c.inputs[d.name] = d
	}
	for _, e := range Events() {
		d, _ := describeEvent(e)
		c.events[d.name] = d
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
