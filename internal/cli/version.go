// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// versionDoc is the JSON of the version command.
type versionDoc struct {
	Schema  string `json:"schema"` // version/v1
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"`   // "linux/amd64"
	RuleSet int    `json:"rule_set"` // rules this build decides by, and can verify
	Shape   int    `json:"shape"`    // of checkpoints it reads
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "The version of this program",
		Long:  long("Prints the version, and with --json the rule set this build decides by.\n\nJSON: version/v1."),
		Args:  exact(0),
		RunE: func(*cobra.Command, []string) error {
			v := versionDoc{Schema: "version/v1", Version: a.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
				RuleSet: fsm.RuleSet, Shape: fsm.Shape}
			if a.json {
				return a.document(v)
			}
			a.say("version.line", i18n.Data{"Version": v.Version, "Go": v.Go, "System": v.System})
			return nil
		},
	}
}
