// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// TestCandidates wants one reason for each installer, and the chosen one to be
// the one that Load takes.
func TestCandidates(t *testing.T) {
	for machine, c := range map[Machine]struct{ installers, want string }{
		{"windows", "x64"}:   {"windows x86,windows x64,linux x64,windows arch_unknown", "another_is_closer,chosen,other_system,another_is_closer"},
		{"windows", "x86"}:   {"windows x64,windows x86", "other_architecture,chosen"},
		{"windows", "arm64"}: {"windows x86,windows x64,windows arm", "another_is_closer,chosen,other_architecture"},
		{"linux", "x64"}:     {"linux x64,linux x64,beos x64,linux vax", "chosen,another_is_earlier,unknown_word,unknown_word"},
		{"macos", "arm64"}:   {"windows x64,macos x64", "other_system,other_architecture"},
		{"linux", "arm64"}:   {"os_unknown arch_unknown,linux arch_unknown", "another_is_closer,chosen"},
	} {
		var text strings.Builder
		for _, in := range strings.Split(c.installers, ",") {
			os, arch, _ := strings.Cut(in, " ")
			text.WriteString("[[installers]]\n[installers.requirement]\nos = '" + os + "'\nos_arch = '" + arch + "'\n")
		}
		doc, err := tomlfile.Parse("f", []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		installers := doc.Root().Tables("installers")
		var got []string
		for _, k := range machine.candidates(installers, Choose(installers, machine)) {
			got = append(got, string(k.Why))
		}
		if want := strings.Split(c.want, ","); !slices.Equal(got, want) {
			t.Errorf("%s: %s\n got %v\nwant %v", machine, c.installers, got, want)
		}
	}
}
