// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// checkDoc is the document of config check.
type checkDoc struct {
	Schema   string       `json:"schema"` // config-check/v1
	File     string       `json:"file"`
	Errors   int          `json:"errors"`
	Warnings int          `json:"warnings"`
	Findings []findingDoc `json:"findings"`
}

// findingDoc is one finding; by code and place a script decides.
type findingDoc struct {
	File     string `json:"file"`
	Line     int    `json:"line"` // from 1; 0 = none can be named
	Key      string `json:"key"`  // "" = the file as a whole
	Code     string `json:"code"`
	Severity string `json:"severity"` // error, warning
	Message  string `json:"message"`  // English
}

func (a *app) configCheckCommand() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find what is wrong with a config file",
		Long: long(`
Looks at the config file (default `+config.DefaultPath()+`) and at what it
leads to: unknown keys, bad values and what counts instead, products and overlay
files that no package fits, folders that are not there or that others could
change, and values that make no sense together, with what they will do.

Each line begins with file and line, and ends with a code that scripts can rely
on; docs/policy.md lists them. Warnings count, so the service starts with them.

JSON: config-check/v1.`, "7 there are errors, or with --strict warnings", "9 needs privileges"),
		Args: atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			if len(args) > 0 && path == "" {
				return usage(errors.New("the name of the file is empty"))
			}
			found, err := configcheck.File(path, packages)
			if err != nil {
				return err
			}
			doc, err := checked(cmp.Or(path, config.DefaultPath()), found)
			if err != nil {
				return err
			}
			switch {
			case a.json:
				err = a.document(doc)
			case a.csv():
				a.findingRows(doc)
			default:
				a.printFindings(doc, found)
			}
			if err == nil && (doc.Errors > 0 || strict && doc.Warnings > 0) {
				return done(exitInvalid)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings are errors")
	return withRows(cmd, findingColumns()...)
}

func findingColumns() []string {
	return []string{"file", "line", "key", "code", "severity", "message"}
}

// findingRows are findings as rows, whose words are those of JSON.
func (a *app) findingRows(doc checkDoc) {
	t := a.table(findingColumns()...)
	for _, f := range doc.Findings {
		t.row(f.File, f.Line, f.Key, f.Code, f.Severity, f.Message)
	}
	t.print()
}

// checked puts findings into a document, whose words are English.
func checked(file string, found []configcheck.Finding) (checkDoc, error) {
	english, err := words.New(time.UTC, "en")
	if err != nil {
		return checkDoc{}, err
	}
	doc := checkDoc{Schema: "config-check/v1", File: file, Findings: []findingDoc{}}
	for _, f := range found {
		if f.Severity == configcheck.Error {
			doc.Errors++
		} else {
			doc.Warnings++
		}
		doc.Findings = append(doc.Findings, findingDoc{f.File, f.Line, f.Key, f.Code, string(f.Severity), wordsOf(english, f)})
	}
	return doc, nil
}

func (a *app) printFindings(doc checkDoc, found []configcheck.Finding) {
	for _, f := range found {
		at := f.File
		if f.Line > 0 {
			at += ":" + strconv.Itoa(f.Line)
		}
		if f.Key != "" {
			at += ": " + f.Key
		}
		severity := "config.warning"
		if f.Severity == configcheck.Error {
			severity = "config.error"
		}
		fmt.Fprintf(a.Out, "%s: %s: %s [%s]\n", words.Clean(at), a.words.Text(severity, nil), wordsOf(a.words, f), f.Code)
	}
	if len(found) == 0 {
		a.say("config.ok", i18n.Data{"File": doc.File})
		return
	}
	a.say("config.sum", i18n.Data{"Errors": doc.Errors, "Warnings": doc.Warnings})
}
