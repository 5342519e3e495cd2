// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/events"
)

func drawOutcome(t *rapid.T) outcome {
	id := rapid.Custom(func(t *rapid.T) events.ProcessID {
		return events.ProcessID{PID: rapid.IntRange(1, 1<<22).Draw(t, "pid"), Start: rapid.Int64Min(0).Draw(t, "start")}
	})
	o := outcome{
		V:          format,
		Token:      rapid.StringMatching(`[a-z0-9][a-z0-9._-]{0,50}`).Draw(t, "token"),
		State:      rapid.SampledFrom([]Kind{KindVoid, KindClaimed, KindStarted, KindEnded, KindLost}).Draw(t, "state"),
		Boot:       rapid.StringN(1, 40, -1).Draw(t, "boot"),
		At:         time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "at"), 0).UTC(),
		Supervisor: id.Draw(t, "supervisor"),
		Installer:  id.Draw(t, "installer"),
		Exit:       rapid.IntRange(-1, 1<<31-1).Draw(t, "exit"),
		Signal:     rapid.SampledFrom([]string{"", "SIGKILL"}).Draw(t, "signal"),
		Error:      plain(rapid.String().Draw(t, "error")),
		TookMS:     rapid.Int64Min(0).Draw(t, "took"),
	}
	for range rapid.IntRange(0, maxLeft).Draw(t, "left") {
		o.Left = append(o.Left, Leftover{id.Draw(t, "id"), plain(rapid.StringN(0, 15, 15).Draw(t, "name"))})
	}
	return o
}

// What is written is read back, fits into the spare, and no change of a byte
// reads as anything else.
func TestOutcomeText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOutcome(t)
		text, err := o.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(o.Token, append(text, "   "...))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got.Sum = ""
		if !reflect.DeepEqual(got, o) {
			t.Fatalf("wrote %+v, read %+v", o, got)
		}
		at := rapid.IntRange(0, len(text)-1).Draw(t, "position")
		text[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
		if changed, err := decode(o.Token, text); err == nil {
			changed.Sum = ""
			if !reflect.DeepEqual(changed, o) {
				t.Fatalf("%s: reads as %+v, was %+v", text, changed, o)
			}
		}
	})
	worst := outcome{Token: strings.Repeat("x", maxToken), State: KindEnded, Boot: strings.Repeat("x", 40), Error: plain(strings.Repeat("<", 2*maxText))}
	for range maxLeft {
		worst.Left = append(worst.Left, Leftover{events.ProcessID{PID: 1 << 22, Start: 1<<63 - 1}, strings.Repeat("<", 15)})
	}
	if text, err := worst.encode(); err != nil || len(text) > spareSize {
		t.Errorf("the longest outcome has %d bytes, %v", len(text), err)
	}
}

func FuzzDecode(f *testing.F) {
	text, err := outcome{Token: "id.x.1.1", State: KindVoid, Boot: "b"}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"v":1,"token":"id.x.1.1","state":"ended"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := decode("id.x.1.1", text)
		if err != nil {
			return
		}
		if o.Token != "id.x.1.1" || o.State == KindNone {
			t.Errorf("%q reads as %+v", text, o)
		}
		// What is read is what was written: it is written again as the same state.
		again, err := o.encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decode(o.Token, again); err != nil || !reflect.DeepEqual(back, o) {
			t.Errorf("%q is written again as %q, %v", text, again, err)
		}
	})
}

func TestCut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(tempDir(t), "log")
	rapid.Check(t, func(rt *rapid.T) {
		file, err := os.OpenFile(path, logFlags|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			rt.Fatal(err)
		}
		defer file.Close()
		most := int64(rapid.IntRange(minLog, 3*minLog).Draw(rt, "most"))
		var all strings.Builder
		for range rapid.IntRange(1, 6).Draw(rt, "writes") {
			line := rapid.StringMatching(`[a-z]{1,9}`).Draw(rt, "line") + "\n"
			part := strings.Repeat(line, rapid.IntRange(0, 2*minLog/len(line)).Draw(rt, "lines"))
			all.WriteString(part)
			if _, err := file.WriteString(part); err != nil {
				rt.Fatal(err)
			}
			if err := cut(file, most); err != nil {
				rt.Fatal(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			rt.Fatal(err)
		}
		got, want := string(b), all.String()
		head, tail, wasCut := strings.Cut(got, cutMark)
		if int64(len(got)) > most || !strings.HasPrefix(want, head) || !strings.HasSuffix(want, tail) || !wasCut && got != want {
			rt.Errorf("kept %d of %d bytes: %.60q … %q", len(got), len(want), got, tail[max(0, len(tail)-60):])
		}
	})
}
