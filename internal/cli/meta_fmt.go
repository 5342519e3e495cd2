// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata/canon"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// fmtDoc is meta_fmt/v1.
type fmtDoc struct {
	Schema string    `json:"schema"`
	Files  []fmtFile `json:"files"`
}

// fmtFile is one file that was looked at.
type fmtFile struct {
	File    string  `json:"file"`
	Changed bool    `json:"changed"` // or would be
	Text    *string `json:"text,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// fmtOptions are the flags of meta fmt.
type fmtOptions struct{ check, write bool }

func (a *app) metaFmtCommand() *cobra.Command {
	var o fmtOptions
	cmd := &cobra.Command{
		Use:   "fmt PATH…",
		Short: "Write metadata files in their one canonical form",
		Long: long(`
Prints metadata files in their canonical form: tables and keys in the order of
the documentation, strings in '…' where that is possible. Comments and unknown
keys are kept, and a file means the same as before. PATH is a file, a package's
folder or a folder of packages.

With --check the files that would change are listed, and any makes the exit code
1. With -w they are written. A file that is no TOML is never written.

JSON: meta_fmt/v1.`, "7 a file is no TOML", "9 needs privileges"),
		Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if o.check && o.write {
				return usage(errors.New("--check and -w exclude each other"))
			}
			return a.format(args, o)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "list the files that would change")
	cmd.Flags().BoolVarP(&o.write, "write", "w", false, "write the files")
	return cmd
}

func (a *app) format(paths []string, o fmtOptions) error {
	doc := fmtDoc{Schema: "meta_fmt/v1", Files: []fmtFile{}}
	var failed []error
	for _, path := range paths {
		files, err := canon.Find(path)
		if err != nil {
			failed = append(failed, err)
		}
		for _, file := range files {
			f, err := a.formatFile(file, o)
			if err != nil {
				f.Error = err.Error()
				failed = append(failed, err)
			}
			doc.Files = append(doc.Files, f)
		}
	}
	changed := 0
	for _, f := range doc.Files {
		if f.Changed {
			changed++
		}
	}
	if a.json {
		if err := a.document(doc); err != nil {
			return err
		}
	}
	if o.check || o.write {
		key := "meta.fmt_written"
		if o.check {
			key = "meta.fmt_checked"
		}
		fmt.Fprintln(a.Err, a.words.Text(key, i18n.Data{"Files": len(doc.Files), "Changed": changed}))
	}
	if err := errors.Join(failed...); err != nil {
		if m := (tomlfile.Mistake{}); errors.As(err, &m) {
			return &coded{code: exitInvalid, err: err}
		}
		return err
	}
	if o.check && changed > 0 {
		return done(exitFailed)
	}
	return nil
}

// formatFile formats one file and does with the result what the flags say.
func (a *app) formatFile(file string, o fmtOptions) (fmtFile, error) {
	f := fmtFile{File: file}
	old, err := canon.Read(file)
	if err != nil {
		return f, err
	}
	text, err := canon.Format(file, old)
	if err != nil {
		return f, fmt.Errorf("cannot format: %w", err)
	}
	change := !bytes.Equal(old, text)
	switch {
	case o.write && change:
		if err := canon.Replace(file, old, text); err != nil {
			return f, err
		}
	case o.check && change && !a.json:
		fmt.Fprintln(a.Out, i18n.Clean(file, 4096))
	case !o.check && !o.write && a.json:
		s := string(text)
		f.Text = &s
	case !o.check && !o.write:
		if _, err := a.Out.Write(text); err != nil {
			return f, err
		}
	}
	f.Changed = change
	return f, nil
}
