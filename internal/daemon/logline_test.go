// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/internal/config"
)

// FuzzLogLine: whatever an error or a name holds, an event is one line that a
// terminal obeys nothing of, of bounded length, and in JSON it can be read.
func FuzzLogLine(f *testing.F) {
	for _, s := range []string{"x", "a\nb", "\x1b[31m\r", "\u202e\u2028\u2029\u0085\u009b31m", "\xff\xfe", "\"}\n{\"level\":\"error\"", "\U000e0041", strings.Repeat("é\x00", 1200), `\u000a`, "\u007f"} {
		f.Add(s, "product")
		f.Add("m", s)
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		for _, format := range []string{"json", "console"} {
			var out bytes.Buffer
			log, err := logger(config.Log{Level: "debug", Format: format}, &out)
			if err != nil {
				t.Fatal(err)
			}
			log.Error().Err(errors.New(text)).Str("product", text).Str(key, text).Msg(text)
			line, ok := oneFitLine(out.String())
			if !ok {
				t.Fatalf("%s: %.400q", format, out.String())
			}
			if format == "console" {
				continue
			}
			var v map[string]any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatalf("%.400s: %v", line, err)
			}
			if len(text)+len(key) < 1000 && utf8.ValidString(text) && v["product"] != text && key != "product" {
				t.Fatalf("%.200q is read as %.400q", text, v)
			}
		}
	})
}

// oneFitLine takes the newline from what was written for one event; false if it
// is not one line that is fit for a terminal.
func oneFitLine(out string) (string, bool) {
	line, ended := strings.CutSuffix(out, "\n")
	return line, ended && !strings.ContainsFunc(line, obeyed) && utf8.ValidString(line) && len(line) <= maxLogLine
}

// TestPlantedLogNotEscaped: events are written as the logger makes them.
func TestPlantedLogNotEscaped(t *testing.T) {
	for format, w := range map[string]func(io.Writer) io.Writer{
		"json":    func(w io.Writer) io.Writer { return w },
		"console": func(w io.Writer) io.Writer { return zerolog.ConsoleWriter{Out: w, NoColor: true} },
	} {
		seen := 0
		for _, text := range []string{"a\nforged line", "\u009b31m", "\u202eexe.x", strings.Repeat("x", maxLogLine)} {
			var out bytes.Buffer
			log := zerolog.New(w(&out))
			log.Error().Str("product", text).Msg(text)
			if _, ok := oneFitLine(out.String()); !ok {
				seen++
			}
		}
		if seen == 0 {
			t.Errorf("%s: no text sees it", format)
		}
		t.Logf("found by %d of 4 texts as %s", seen, format)
	}
}
