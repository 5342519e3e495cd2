// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// TestPlain: nothing in a name is Markdown, HTML, an address or the countdown.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Firefox 128.0.3":       "Firefox 128.0.3",
		"“Later” – 5 more.":     "“Later” – 5 more.",
		"**bold** _x_ `c`":      `\*\*bold\*\* \_x\_ \` + "`c" + `\` + "`",
		"[a](https://evil/)":    `\[a\](https&#58;//evil/)`,
		"<https://evil/>":       "&lt;https&#58;//evil/&gt;",
		"<img src=x>":           "&lt;img src&#61;x&gt;",
		"www.evil.example":      `www\.evil.example`,
		"a@evil.example":        "a&#64;evil.example",
		"&lt;b&gt;":             "&amp;lt;b&amp;gt;",
		"{timeout}":             `\{timeout\}`,
		`\{timeout}`:            `\\\{timeout\}`,
		"# heading":             `\# heading`,
		"- item":                `\- item`,
		"+ item":                `\+ item`,
		"1. item":               `1\. item`,
		"12) item":              `12\) item`,
		"C++ 1.2-3":             "C++ 1.2-3",
		"===":                   "&#61;&#61;&#61;",
		"---":                   `\---`,
		"a | b ~c~":             "a &#124; b &#126;c&#126;",
		"one\n\n# two\r\n\ttab": "one  # two   tab",
		"    code":              "code",
		"at 14:05":              "at 14:05",
		"a\x00\x1b[31mb\u202ec": `a\[31mbc`,
		"bad \xff utf":          "bad  utf",
		"![x](y)":               `!\[x\](y)`,
	} {
		if got := plain(in); got != want {
			t.Errorf("%q became\n%q, want\n%q", in, got, want)
		}
	}
}

// TestMarkdown: only our own marks are marks, and there is one countdown.
func TestMarkdown(t *testing.T) {
	w := apitypes.Words{Title: "{timeout} *x*\n", Intro: "Install {timeout}:", Programs: []string{"* a", "b\n\n* c"}, Lines: []string{"1. one", "two"}, Left: "Left: " + apitypes.CountdownMark}
	want := "Install \\{timeout\\}:\n\n* \\* a\n* b  \\* c\n\n1\\. one\n\ntwo\n\nLeft: {timeout}"
	if got := markdown(w); got != want || strings.Count(got, countdown) != 1 {
		t.Errorf("the text is %q\nwant %q", got, want)
	}
	if got := title(w); got != "(timeout) *x*" {
		t.Errorf("the title is %q", got)
	}
}
