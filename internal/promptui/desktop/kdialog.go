// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"context"
	"fmt"
	"html"
	"os/exec"
	"strings"
)

// KDialog finds kdialog in PATH.
func KDialog(ctx context.Context, environ []string) (*Program, error) {
	path, err := exec.LookPath("kdialog")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	if _, err := version(ctx, path, environ); err != nil {
		return nil, err
	}
	return &Program{Name: "kdialog", Hides: true, path: path, environ: environ, args: kdialogArgs, pressed: kdialogPressed}, nil
}

// kdialogArgs asks for a window of up to three buttons. The last one is what Esc
// means too. With one choice the second button is left out.
func kdialogArgs(d Dialog) []string {
	args := []string{"--title", kdialogWord(d.Title)}
	if d.Icon != "" {
		args = append(args, "--icon", d.Icon)
	}
	if len(d.Others) == 0 {
		return append(args, "--yes-label", kdialogWord(d.OK), "--no-label", kdialogWord(d.Hide), "--yesno", kdialogText(d.Text))
	}
	return append(args, "--yes-label", kdialogWord(d.OK), "--no-label", kdialogWord(d.Others[0]), "--cancel-label", kdialogWord(d.Hide),
		"--yesnocancel", kdialogText(d.Text))
}

func kdialogPressed(d Dialog, code int, _ string) Button {
	switch {
	case code == 0:
		return OK
	case code == 1 && len(d.Others) > 0:
		return First
	case code == 1, code == 2:
		return Hidden
	}
	return Lost
}

// kdialogWord is a text that is neither an option nor a key's underline.
func kdialogWord(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "&", "&&"), `\`, "/")
	if strings.HasPrefix(s, "-") {
		s = " " + s
	}
	return s
}

// kdialogText is a text as Qt's rich text, which it would be taken for anyway as
// soon as a name in it looks like markup.
func kdialogText(text string) string {
	text = strings.ReplaceAll(html.EscapeString(text), `\`, "&#92;")
	text = strings.ReplaceAll(text, "\n  ", "\n&nbsp;&nbsp;") // what is indented stays so
	return "<qt>" + strings.ReplaceAll(text, "\n", "<br>") + "</qt>"
}
