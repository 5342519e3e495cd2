// SPDX-License-Identifier: Apache-2.0

package policydoc

import (
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// Transcript is what the command line says about the files of Example.
type Transcript struct {
	Show  string // quietsetup config show notes --origin
	Check string // quietsetup config check
}

// ConfigPath is where the example's config file lies.
const ConfigPath = "/etc/quietsetup/quietsetup.toml"

// Example are the policy parts of the example: of the package's metadata file
// and of the config file.
func Example() (packaged, site string) {
	return `[quietsetup.policy]
max_defer = 3
close_grace = "2m"
`, `[policy]
max_defer = 10
final_notice = "soon"

[policy.product.notes]
max_defer = "never"
dialog_timeout = "5m"
`
}

// shown are the keys of the example whose opinions the page prints.
func shown() []string { return []string{"dialog_timeout", "max_defer", "final_notice", "close_grace"} }

// Page returns docs/policy.md.
func Page(t Transcript) string {
	var b strings.Builder
	b.WriteString(`<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Generated from the tables of internal/policy and internal/configcheck. Change them, then run: make states -->

# Policy

A policy says whom an installation may disturb, how often a person may say later,
and what happens then. Several people have an opinion about that; each key's
value comes from the strongest opinion that is valid.

`)
	layers(&b)
	example(&b, t)
	keys(&b)
	words(&b)
	clashes(&b)
	codes(&b)
	return b.String()
}

func layers(b *strings.Builder) {
	b.WriteString("## Layers\n\nWeakest first. Every key may be said in every layer, and each key is decided by\nitself.\n\n```mermaid\nflowchart LR\n")
	all := policy.Layers()
	for i, l := range all {
		fmt.Fprintf(b, "    %s[\"%s<br/>%s\"]\n", node(l.Origin), l.Origin, l.Who)
		if i > 0 {
			fmt.Fprintf(b, "    %s -->|beaten by| %s\n", node(all[i-1].Origin), node(l.Origin))
		}
	}
	b.WriteString("```\n\n| layer | whose opinion | where it is written |\n|---|---|---|\n")
	for _, l := range all {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", l.Origin, l.Who, l.Where)
	}
	b.WriteString(`
A bad value never stops anything: it is reported with its place, and the next
weaker opinion counts. The built-in values are always valid, so there always is
one. Only in the config file a key that nobody knows is an error and keeps the
service from starting: it would say nothing where an admin relies on it.

A round goes by the policy it began with. What is changed counts from the next
round on; an open question keeps what it promised.
`)
}

func node(o policy.Origin) string { return strings.ReplaceAll(string(o), "-", "_") }

func example(b *strings.Builder, t Transcript) {
	packaged, site := Example()
	b.WriteString("\n## An example\n\nThe package `notes` says:\n\n```toml\n" + packaged + "```\n\nThe config file says:\n\n```toml\n" + site +
		"```\n\n`quietsetup config show notes --origin` shows for each key what was said about it,\nstrongest first (four keys of it):\n\n```text\n")
	for _, k := range shown() {
		b.WriteString(block(t.Show, k))
	}
	b.WriteString("```\n\n`quietsetup config check` finds the same before the service does:\n\n```text\n" + t.Check + "```\n\n" +
		"Both take `--json`. `config check --strict` ends with exit code 7 for warnings too.\n")
}

// block is the part of a transcript that is about one key.
func block(show, key string) string {
	var out strings.Builder
	inside := false
	for line := range strings.Lines(show) {
		if !strings.HasPrefix(line, " ") {
			inside = strings.HasPrefix(line, key+" = ")
		}
		if inside {
			out.WriteString(line)
		}
	}
	return out.String()
}

func keys(b *strings.Builder) {
	b.WriteString("\n## Keys\n\nTimes are written `\"90s\"`, `\"15m\"`, `\"24h\"`, `\"14d\"`, `\"1d12h\"`, or as whole seconds, from 0 to\n" +
		"10 years. The spelling of the first concept means the same key; where both stand\nin one table the key's own name is stronger.\n\n" +
		"| key | first spelling | values | built-in | meaning |\n|---|---|---|---|---|\n")
	for _, k := range policy.Keys() {
		first := "–"
		if k.First != "" {
			first = "`" + k.First + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | `%s` | %s |\n", k.Name, first, values(k), written(k), k.Meaning)
	}
	b.WriteString("\nThese are about the machine as a whole. They stand in `[policy]` of the config file or at an\nopsi server, never in a package or about a product, and count at once:\n\n" +
		"| key | values | built-in | meaning |\n|---|---|---|---|\n")
	for _, k := range policy.MachineKeys() {
		fmt.Fprintf(b, "| `%s` | %s | `%s` | %s |\n", k.Name, values(k), policy.Write(k.BuiltIn()), k.Meaning)
	}
	b.WriteString("\nThese have a place in the design and no effect yet, so a value is refused: `" + strings.Join(policy.Planned(), "` `") + "`.\n")
}

// written is the built-in value; a date is none.
func written(k policy.Key) string {
	if v := policy.Write(k.BuiltIn()); v != "" {
		return v
	}
	return `""`
}

func values(k policy.Key) string {
	switch k.Kind {
	case policy.Flag:
		return "`true` `false`"
	case policy.Word:
		return "`" + strings.Join(k.Words, "` `") + "`"
	case policy.Count:
		return fmt.Sprintf("%d to %d", k.Least, k.Most)
	case policy.Date:
		return "a date, `\"2026-12-24\"` (its end) or `\"2026-12-24 18:00\"`"
	}
	return "a time"
}

func words(b *strings.Builder) {
	b.WriteString(`
What the words do:

| word | of | what happens |
|---|---|---|
`)
	for _, w := range [][3]string{
		{"defer", "default_action, max_recheck_action", "the product is put off for `defer_interval`; that is counted if somebody saw the question"},
		{"defer", "max_defer_action, unanswered_action", "the product is put off for `defer_interval`, uncounted, and asked about again as before"},
		{"kill", "default_action, max_recheck_action, max_defer_action", "the programs that were shown are asked to close, ended after `close_grace`, and the installer starts"},
		{"fail", "all four actions", "the run ends as failed; nothing was touched"},
		{"wait", "without_metadata", "it waits until nobody is there"},
		{"install", "without_metadata", "it installs, and what runs is disturbed"},
		{"wait", "alone_action", "it waits until the programs have ended, or somebody comes who can be asked"},
		{"kill", "alone_action", "the programs are asked to close, ended after `close_grace`, and the installer starts"},
		{"normal", "mode", "what is wanted is done"},
		{"observe", "mode", "rounds look and decide, and what they would do is told by `status`, `why` and the log; nothing is asked, closed, installed or reported. A running installer ends and is reported"},
		{"reason", "report_style", "`Deferred (user, 2 of 5)`"},
		{"plain", "report_style", "`Deferred`"},
		{"dependants", "reboot_gate", "products that need this one wait for the restart"},
		{"all", "reboot_gate", "every other product waits for it"},
	} {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", w[0], w[1], w[2])
	}
}

func clashes(b *strings.Builder) {
	b.WriteString("\n## Values that make no sense together\n\nEach is valid, and together they do something else than one would think. They\ncount; `config check` and `config show` say what will happen.\n\n" +
		"| code | keys | what will happen |\n|---|---|---|\n")
	for _, c := range policy.Clashes() {
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", c.Code, strings.Join(c.Keys, "` `"), c.Meaning)
	}
}

func codes(b *strings.Builder) {
	b.WriteString("\n## What config check finds\n\nA finding has a file, a line, a key, a severity and one of these codes, or one of\nthose above, which are warnings. Codes do not change between versions.\n\n" +
		"| code | severity | meaning |\n|---|---|---|\n")
	all := configcheck.Codes()
	for _, c := range all[:len(all)-len(policy.Clashes())] {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", c.Code, c.Severity, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(c.Meaning))
	}
}
