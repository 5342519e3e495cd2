// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestTwins: both copies are verified, and held against each other.
func TestTwins(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(histories, "ok", "later_then_closed.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(histories, "ok", "nothing_runs.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("input/output error")
	whole := func() iter.Seq2[Line, error] { return read("journal", text) }
	first := func(name string, n int) iter.Seq2[Line, error] {
		return func(yield func(Line, error) bool) {
			for l, err := range read(name, text) {
				if l.Number > n || !yield(l, err) {
					return
				}
			}
		}
	}
	for name, c := range map[string]struct {
		journal, db iter.Seq2[Line, error]
		verdict     string
		twins       Twins
		place       string
		err         error
	}{
		"alike":           {whole(), read("log.db", text), VerdictOK, Twins{}, "", nil},
		"short log.db":    {whole(), first("log.db", 12), VerdictOK, Twins{19, 12}, "", nil},
		"short journal":   {first("journal", 12), read("log.db", text), VerdictOK, Twins{12, 19}, "", nil},
		"empty log.db":    {whole(), first("log.db", 0), VerdictOK, Twins{19, 0}, "", nil},
		"unread log.db":   {whole(), func(yield func(Line, error) bool) { yield(Line{}, broken) }, VerdictOK, Twins{}, "", ErrTwin},
		"another log":     {whole(), read("log.db", other), VerdictDiverged, Twins{}, "journal", nil},
		"torn log.db":     {whole(), read("log.db", text[:3000]), VerdictOK, Twins{}, "", ErrTwin},
		"damaged log.db":  {whole(), read("log.db", slices.Concat(text[:3000], []byte("x\n"), text[3000:])), VerdictDiverged, Twins{}, "log.db", nil},
		"damaged journal": {read("journal", slices.Concat(text[:3000], []byte("x\n"), text[3000:])), whole(), VerdictDiverged, Twins{}, "journal", nil},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := VerifyTwins(c.journal, c.db)
			if !errors.Is(err, c.err) || c.err == nil && err != nil || res.Verdict != c.verdict {
				t.Fatalf("%+v, %v", res, err)
			}
			if (res.Twins != nil) != (c.twins != Twins{}) || slices.Contains(res.Warnings, WarnTwinsDiffer) != (res.Twins != nil) || res.Twins != nil && *res.Twins != c.twins {
				t.Errorf("twins %+v, warnings %v", res.Twins, res.Warnings)
			}
			if d := res.Divergence; (d != nil) != (c.place != "") || d != nil && d.File != c.place {
				t.Errorf("divergence %+v", d)
			}
		})
	}
}
