// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/rogpeppe/go-internal/txtar"
)

const helpScript = "testdata/script/help.txtar"

// TestHelpIsWrittenDown: the script help.txtar asks every command for its help.
// With -update it is written anew; then look at what changed.
func TestHelpIsWrittenDown(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the page is written on Linux, and the default paths differ
	}
	var ask strings.Builder
	ask.WriteString("# SPDX-License-Identifier: Apache-2.0\n# The help of every command: go test ./internal/cli -run Help -update\n[windows] stop 'other default paths'\n\n")
	arc := &txtar.Archive{}
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		args := append(strings.Fields(below(c)), "--help")
		if c.IsAdditionalHelpTopicCommand() {
			args = append([]string{"help"}, strings.Fields(below(c))...)
		}
		var out, said bytes.Buffer
		o := Outside{In: os.Stdin, Out: &out, Err: &said, Getenv: func(string) string { return "" }}
		if code := Run(t.Context(), o, args); code != exitOK || said.Len() > 0 || out.Len() == 0 {
			t.Errorf("quietsetup %s: exit %d, %s", strings.Join(args, " "), code, &said)
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".golden"
		fmt.Fprintf(&ask, "exec quietsetup %s\ncmp stdout %s\n", strings.Join(args, " "), name)
		arc.Files = append(arc.Files, txtar.File{Name: name, Data: out.Bytes()})
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	root := Commands()
	root.InitDefaultHelpCmd()
	each(root)
	if len(arc.Files) < 20 {
		t.Errorf("found %d commands only", len(arc.Files))
	}
	ask.WriteString("\n")
	arc.Comment = []byte(ask.String())
	text := txtar.Format(arc)
	if *update {
		if err := os.WriteFile(helpScript, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	there, err := os.ReadFile(helpScript)
	if err != nil || !bytes.Equal(there, text) {
		t.Errorf("%s is not the help of the commands (%v): go test ./internal/cli -run Help -update", helpScript, err)
	}
}
