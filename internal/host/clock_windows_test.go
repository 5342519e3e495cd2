// SPDX-License-Identifier: Apache-2.0

package host

import (
	"path/filepath"
	"testing"
	"time"
)

func TestBootID(t *testing.T) {
	boot := []row{{pid: 0}, {pid: 4, start: 100, name: "System"}, {pid: 140, parent: 4, start: 101, name: "Registry"}, {pid: 500, parent: 4, start: 105, name: "smss.exe"},
		{pid: 620, parent: 500, start: 110, session: 1, name: "smss.exe"}, {pid: 9000, parent: 4, start: 90, name: "smss.exe"}}
	first := bootID(boot)
	if first == "" {
		t.Fatal("no id")
	}
	if again := bootID(boot[:4]); again != first {
		t.Errorf("%s, then %s: other programs make no other boot", first, again)
	}
	next := append([]row{}, boot...)
	next[3].start = 106
	if second := bootID(next); second == first {
		t.Errorf("two boots are both %s", first)
	}
	for name, rows := range map[string][]row{"none": nil, "a user's program": {{pid: 9, parent: 8, start: 5, session: 1, name: "smss.exe"}}, "a namesake": {{pid: 9, parent: 8, start: 5, name: "smss.exe"}}} {
		if id := bootID(rows); id != "" {
			t.Errorf("%s: %s", name, id)
		}
	}
}

func TestClock(t *testing.T) {
	c, err := NewClock()
	if err != nil {
		t.Fatal(err)
	}
	wall, boot, first := c.Now()
	time.Sleep(50 * time.Millisecond)
	later, again, second := c.Now()
	if boot == "" || boot != again || first <= 0 || second <= first || !later.After(wall) || wall.Location() != time.UTC {
		t.Errorf("%v %q %d, then %v %q %d", wall, boot, first, later, again, second)
	}
	if other, err := NewClock(); err != nil || other.boot != boot {
		t.Errorf("a second clock has the boot %q, %v, not %q", other.boot, err, boot)
	}
	if id, err := bootMoment(); err != nil || id == "" {
		t.Errorf("the moment of boot: %q, %v", id, err)
	}
	if awake := awakeTime(); awake <= 0 || awake > bootTime()+time.Second {
		t.Errorf("awake for %v of %v", awake, bootTime())
	}
}

func TestPower(t *testing.T) {
	for name, c := range map[string]struct {
		is   powerStatus
		want Power
	}{
		"a desktop":           {powerStatus{Line: 1, Flags: 128, Percent: 255}, Power{Mains: true, Percent: -1}},
		"a laptop on mains":   {powerStatus{Line: 1, Flags: 8, Percent: 80}, Power{Battery: true, Mains: true, Percent: 80}},
		"a laptop on battery": {powerStatus{Line: 0, Flags: 2, Percent: 15}, Power{Battery: true, Percent: 15}},
		"nothing is known":    {powerStatus{Line: 255, Flags: 255, Percent: 255}, Power{Mains: true, Percent: -1}},
		"offline, no battery": {powerStatus{Line: 0, Flags: 128, Percent: 255}, Power{Mains: true, Percent: -1}},
	} {
		if got := powerOf(c.is); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if _, err := PowerNow(); err != nil {
		t.Error(err)
	}
}

func TestFreeSpace(t *testing.T) {
	dir := room(t, machine())
	here, err := FreeSpace(dir)
	if err != nil || here == 0 {
		t.Errorf("%d, %v", here, err)
	}
	if _, err := FreeSpace(filepath.Join(dir, "not", "yet")); err != nil {
		t.Error(err)
	}
	if _, err := FreeSpace("C:\\x\x00y"); err == nil {
		t.Error("a path that is none")
	}
}
