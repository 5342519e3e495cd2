// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandPages are the pages of a command and of all below it, in Markdown, by
// their names.
func commandPages(cmd *cobra.Command, into map[string]string) {
	into[dashed(cmd)+".1"] = commandPage(cmd)
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			commandPages(c, into)
		}
	}
}

// dashed is the name of a command's page: quietsetup-store-check.
func dashed(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func commandPage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# NAME\n\n%s - %s\n\n", dashed(cmd), plain(small(cmd.Short)))
	synopsis := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		synopsis = cmd.CommandPath() + " COMMAND [flags]"
	}
	fmt.Fprintf(&b, "# SYNOPSIS\n\n**%s**\n\n", plain(synopsis))
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(&b, "# DESCRIPTION\n\n%s\n\n", prose(text))
	var below, topics []*cobra.Command
	for _, c := range cmd.Commands() {
		switch {
		case c.IsAdditionalHelpTopicCommand():
			topics = append(topics, c)
		case c.IsAvailableCommand() && c.Name() != "help":
			below = append(below, c)
		}
	}
	if len(below) > 0 {
		b.WriteString("# COMMANDS\n\n")
		for _, c := range below {
			fmt.Fprintf(&b, "**%s**(1)\n: %s\n\n", plain(dashed(c)), plain(c.Short))
		}
	}
	options(&b, "OPTIONS", cmd.NonInheritedFlags())
	options(&b, "GLOBAL OPTIONS", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, "# EXAMPLES\n\n%s\n\n", prose(cmd.Example))
	}
	for _, t := range topics {
		fmt.Fprintf(&b, "# %s\n\n%s\n\n", strings.ToUpper(strings.ReplaceAll(t.Name(), "-", " ")), prose(t.Long))
	}
	if p := cmd.Parent(); p != nil {
		fmt.Fprintf(&b, "# SEE ALSO\n\n**%s**(1)\n", plain(dashed(p)))
	}
	return b.String()
}

func options(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, "# %s\n\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		name, usage := pflag.UnquoteUsage(f)
		term := "**--" + plain(f.Name) + "**"
		if f.Shorthand != "" {
			term = "**-" + f.Shorthand + "**, " + term
		}
		if name != "" {
			term += " *" + plain(name) + "*"
		}
		fmt.Fprintf(b, "%s\n: %s\n\n", term, plain(strings.Join(strings.Fields(usage), " ")))
	})
}

// prose makes Markdown of a help text: paragraphs stay paragraphs, and a
// paragraph that is indented or has its own columns stays line by line.
func prose(text string) string {
	var out []string
	for _, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		lines := strings.Split(p, "\n")
		drawn := func(l string) bool { return strings.HasPrefix(l, "  ") || strings.HasPrefix(l, "\t") }
		switch {
		case slices.ContainsFunc(lines, drawn):
			out = append(out, "```\n"+p+"\n```")
		default:
			out = append(out, plain(p))
		}
	}
	return strings.Join(out, "\n\n")
}

// plain takes their meaning from the signs of Markdown.
func plain(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", `\<`, ">", `\>`, "[", `\[`, "]", `\]`, "#", `\#`).Replace(s)
}

// small begins a one-line description as the list of manual pages wants it.
func small(s string) string {
	first, rest, _ := strings.Cut(s, " ")
	if strings.ToUpper(first) == first && len(first) > 1 {
		return s // an abbreviation
	}
	return strings.ToLower(first[:1]) + first[1:] + strings.TrimRight(" "+rest, " ")
}
