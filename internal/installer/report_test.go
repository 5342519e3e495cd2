// SPDX-License-Identifier: Apache-2.0

package installer

import "testing"

func TestLegible(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"=== Logging started ===\r\n":           "=== Logging started ===\r\n",
		"\xff\xfeO\x00K\x00\n\x00":              "OK\n",
		"O\x00K\x00 \x00g\x00u\x00t\x00\n\x00":  "OK gut\n",
		"\xff\xfe\xfc\x00b\x00\x3d\xd8\x00\xde": "üb😀",
		"\xff\xfeO\x00K\x00\n":                  "OK",
		"\xef\xbb\xbfüber":                      "über",
		"\xfcber\n":                             "über\n",
		"a\x00b\n":                              "a\x00b\n",
	} {
		if got := legible([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
