// SPDX-License-Identifier: Apache-2.0

package host

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPower(t *testing.T) {
	type supply map[string]string
	for _, c := range []struct {
		name     string
		supplies []supply
		want     Power
	}{
		{"a desktop", nil, Power{Mains: true, Percent: -1}},
		{"a laptop on mains", []supply{{"type": "Mains", "online": "1"}, {"type": "Battery", "capacity": "80"}}, Power{true, true, 80}},
		{"a laptop on battery", []supply{{"type": "Mains", "online": "0"}, {"type": "Battery", "capacity": "15\n"}}, Power{true, false, 15}},
		{"a dock", []supply{{"type": "Mains", "online": "0"}, {"type": "USB", "online": "1"}, {"type": "Battery"}}, Power{true, true, -1}},
		{"a mouse", []supply{{"type": "Battery", "scope": "Device", "capacity": "5"}}, Power{false, true, -1}},
		{"rubbish", []supply{{"type": "Battery", "capacity": "many"}, {}}, Power{true, true, -1}},
	} {
		dir := t.TempDir()
		for i, s := range c.supplies {
			at := filepath.Join(dir, string(rune('a'+i)))
			if err := os.Mkdir(at, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range s {
				if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got, err := powerIn(dir); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
	if _, err := PowerNow(); err != nil {
		t.Error(err)
	}
	if _, err := ClockSynced(); err != nil {
		t.Error(err)
	}
}
