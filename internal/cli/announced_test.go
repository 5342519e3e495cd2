// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/cli/words"
)

// TestTablesAreAnnounced: a command that draws a table says so with withRows, or
// --output-format csv would refuse it. The files of a command begin alike:
// config_show.go and config_print.go.
func TestTablesAreAnnounced(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	draws, announces := map[string]string{}, map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		command, _, _ := strings.Cut(strings.TrimSuffix(name, ".go"), "_")
		if strings.Contains(string(source), "a.table(") {
			draws[command] = name
		}
		announces[command] = announces[command] || strings.Contains(string(source), "withRows(")
	}
	if len(draws) == 0 {
		t.Fatal("no command draws a table: that proves nothing")
	}
	for command, name := range draws {
		if !announces[command] {
			t.Errorf("%s draws a table: wrap its command in withRows, with the columns of the table", name)
		}
	}
}

// TestColumnsHaveWords in both languages.
func TestColumnsHaveWords(t *testing.T) {
	n := 0
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		for _, lang := range []string{"en", "de"} {
			w, err := words.New(time.UTC, lang)
			if err != nil {
				t.Fatal(err)
			}
			for _, col := range columnsOf(c) {
				n++
				if w.Text("table."+col, nil) == "[table."+col+"]" {
					t.Errorf("%s: the column %s has no word in %s", c.CommandPath(), col, lang)
				}
			}
		}
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	each(Commands())
	if n == 0 {
		t.Error("no command prints rows: that proves nothing")
	}
}
