// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// Machine is what is settled for the machine as a whole: no package and no product
// has a say in it, and it counts at once, not from the next round on.
type Machine struct {
	Observe     bool // nothing is done; what would be done is told
	ReportStyle string
	Bandwidth   int64 // bytes a second; 0 = no limit
}

// Words of the machine's keys.
const (
	Normal  = "normal"
	Observe = "observe"
	Reason  = "reason"
	Plain   = "plain"
)

// Keys about the machine as a whole.
const (
	keyMode        = "mode"
	keyReportStyle = "report_style"
	keyBandwidth   = "max_bandwidth"
)

// MachineKeys lists them in the order of the documentation.
func MachineKeys() []Key {
	return []Key{
		{Name: keyMode, Kind: Word, Words: []string{Normal, Observe}, builtIn: Normal,
			Meaning: "observe = nobody is asked, nothing is closed, installed or reported; what would be done is told"},
		{Name: keyReportStyle, Kind: Word, Words: []string{Reason, Plain}, builtIn: Reason,
			Meaning: "how much the progress at the server tells: with the reason, or its first word alone"},
		{Name: keyBandwidth, Kind: Count, Most: 10_000_000, builtIn: 0,
			Meaning: "how fast files come from the depot, in kilobytes a second; 0 = no limit"},
	}
}

// mayTell: who may say something about the machine as a whole.
func mayTell(o Origin) bool { return slices.Contains([]Origin{Config, Server, Depot, Client}, o) }

// ofMachine leaves out what a package or product says.
func ofMachine(layers []Layer) []Layer {
	return slices.DeleteFunc(slices.Clone(layers), func(l Layer) bool { return !mayTell(l.Origin) })
}

// ExplainMachine is Explain for the keys of the machine.
func ExplainMachine(layers ...Layer) []Decision { return explain(MachineKeys(), ofMachine(layers)) }

// MachineOf is what counts, and where the word about the mode stands.
func MachineOf(layers ...Layer) (m Machine, mode Opinion) {
	for _, d := range ExplainMachine(layers...) {
		switch v := d.Value; d.Key.Name {
		case keyMode:
			m.Observe, mode = v == Observe, d.Winner()
		case keyReportStyle:
			m.ReportStyle = v.(string)
		case keyBandwidth:
			m.Bandwidth = int64(v.(int)) * 1000
		}
	}
	return m, mode
}

// KnownTo is Known for what a layer says.
func KnownTo(o Origin, name string) error {
	if ofTheMachine(Canonical(name)) && mayTell(o) {
		return nil
	}
	return Known(name)
}

func ofTheMachine(name string) bool {
	return slices.ContainsFunc(MachineKeys(), func(k Key) bool { return k.Name == name })
}
