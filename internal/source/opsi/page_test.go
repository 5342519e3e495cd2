// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// pages are those for administrators of a site, the same in two languages.
func pages() []string { return []string{"../../../docs/opsi.md", "../../../docs/opsi.de.md"} }

// between replaces what stands between the marks of a part of a page.
func between(t *testing.T, page, mark, text string) string {
	t.Helper()
	begin, end := "<!-- "+mark+" -->\n", "<!-- /"+mark+" -->\n"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if !ok || !ends {
		t.Fatalf("the page has lost its marks of %q", mark)
	}
	return before + begin + "\n" + text + "\n" + end + after
}

// configIDs are the config ids as a table. What they mean is said in English, as
// admins see it at the server.
func configIDs() string {
	var b strings.Builder
	b.WriteString("| config id | meaning, as it stands at the server |\n|---|---|\n")
	for _, o := range ConfigObjects() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o.ID, strings.NewReplacer("|", `\|`, "<", `\<`).Replace(strings.TrimPrefix(o.Description, "quietsetup: ")))
	}
	return b.String()
}

// TestPages holds the tables of both pages to the code: what is written into a row,
// and the config ids that are read.
func TestPages(t *testing.T) {
	var table strings.Builder
	if err := WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, name := range pages() {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page := between(t, between(t, string(text), "lifecycle", table.String()), "config ids", configIDs())
		if *update {
			if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if page != string(text) {
			t.Errorf("%s is not what the code does: go test ./internal/source/opsi -run TestPages -update", name)
		}
	}
}

// TestPagesKnowEachReason: each reason that a product may wait for is on both pages
// as it stands in the progress at the server.
func TestPagesKnowEachReason(t *testing.T) {
	source, err := os.ReadFile("../../../events/event.go")
	if err != nil {
		t.Fatal(err)
	}
	// In three reasons another word stands in the progress.
	other := map[string]string{"dependency": "waiting for", "reboot": "waiting for restart", "defect": "defect:"}
	reasons := regexp.MustCompile(`(?m)^\tReason\w+\s+Reason = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(reasons) < 20 {
		t.Fatalf("%d reasons are found only", len(reasons))
	}
	for _, name := range pages() {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reasons {
			if m[1] == string(events.ReasonObserved) {
				continue // while it is only observed no row is written
			}
			word, ok := other[m[1]]
			if !ok {
				word = strings.ReplaceAll(m[1], "_", " ")
			}
			if !strings.Contains(string(text), "\n| `"+deferred+" ("+word) {
				t.Errorf("%s does not say what %q is", name, events.Reason(m[1]))
			}
		}
	}
}
