// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
)

// Written by hand are the pages of what is not the command line, and tail.md,
// which ends the page of the command line itself.
//
//go:embed pages/*.md
var written embed.FS

// edition is what stands at the top and the bottom of each page.
type edition struct {
	version, date string
	example       string // of the config file
}

// pages returns all pages by their file names, as man reads them.
func pages(root *cobra.Command, e edition) (map[string][]byte, error) {
	texts := map[string]string{}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	commandPages(root, texts)
	names, err := written.ReadDir("pages")
	if err != nil {
		return nil, fmt.Errorf("cannot list the written pages: %w", err)
	}
	for _, n := range names {
		text, err := written.ReadFile("pages/" + n.Name())
		if err != nil {
			return nil, fmt.Errorf("cannot read a written page: %w", err)
		}
		name := strings.TrimSuffix(n.Name(), ".md")
		if name == "tail" {
			texts[dashed(root)+".1"] += string(text)
			continue
		}
		if texts[name], err = fill(string(text), e.example); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	out := map[string][]byte{}
	for name, text := range texts {
		out[name] = e.render(name, text)
	}
	return out, nil
}

// manual is what the pages of a section belong to.
func manual(section string) string {
	switch section {
	case "5":
		return "File formats"
	case "8":
		return "System administration"
	}
	return "User commands"
}

// render makes a page of its Markdown.
func (e edition) render(name, text string) []byte {
	section := strings.TrimPrefix(path.Ext(name), ".")
	title := strings.ToUpper(strings.TrimSuffix(name, path.Ext(name)))
	head := fmt.Sprintf("%% %q %q %q %q %q\n\n", title, section, e.date, "quietsetup "+e.version, manual(section))
	return md2man.Render([]byte(head + text))
}
