// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// detectLimit bounds every program a detect rule runs.
const detectLimit = 30 * time.Second

// errRule is a detect rule that cannot be applied as it is written.
var errRule = errors.New("wrong detect rule")

// found is what one kind of rule sees on the machine.
type found struct {
	installed bool
	version   string   // "" = the rule tells none
	equal     []string // other ways to write the version that count as equal
	broken    string   // it is there, but not in a usable state, and why
}

// Detect applies a detect rule. target is the version the request leads to, as
// opsi writes it ("1.2-3").
//
// Setup, update and all other actions that leave a product on the machine match
// when it is there and its version is the wanted one: the rule's version, else
// the target's product version. A rule that tells no version answers presence
// only, unless it names a version itself; then nothing matches. Uninstall
// matches when the product is not there.
//
//	file      a path. A file whose first line is nothing but a version (it begins with
//	          a digit and holds no blank) tells that version. With a version in the
//	          rule the whole first line is compared. A program of Windows tells the
//	          version that it carries.
//	dpkg      a package, or "<root>!<package>" for the packages below another root
//	command   words split at blanks, the first an absolute path; no shell. Exit code 0
//	          means that it is there, the first line printed tells the version.
//	registry  Windows only: a key below Uninstall, or "HKLM\key" or "HKLM\key!value"
//	msi       Windows only: a product code or an upgrade code
//
// The answer is Known=false with a reason if the rule could not be applied; that
// is never "not installed".
func Detect(ctx context.Context, rule events.Detect, pkg events.Package, action events.Action, target string) events.Detection {
	f, err := look(ctx, rule)
	if err != nil {
		return events.Detection{Reason: plain(fmt.Sprintf("detect rule %s %s: %v", rule.Kind, rule.Name, err))}
	}
	d := events.Detection{Known: true, Installed: f.installed, Version: plain(f.version), Reason: f.broken}
	if action == events.ActionUninstall {
		d.Matches = !f.installed
		return d
	}
	d.Matches = f.installed && f.broken == "" && f.is(rule, wanted(rule, pkg, target), target)
	return d
}

func look(ctx context.Context, rule events.Detect) (found, error) {
	if strings.ContainsRune(rule.Name, 0) || strings.TrimSpace(rule.Name) == "" {
		return found{}, fmt.Errorf("%w: it names nothing", errRule)
	}
	switch rule.Kind {
	case "file":
		return detectFile(rule)
	case "dpkg":
		return detectDpkg(ctx, rule)
	case "command":
		return detectCommand(ctx, rule)
	case "registry":
		return detectRegistry(rule)
	case "msi":
		return detectMSI(rule)
	}
	return found{}, fmt.Errorf("%w: unknown kind", errRule)
}

// wanted is the version to be found, without opsi's package version.
func wanted(rule events.Detect, pkg events.Package, target string) string {
	if rule.Version != "" {
		return rule.Version
	}
	if pkg.ProductVersion != "" && events.JoinVersion(pkg.ProductVersion, pkg.PackageVersion) == target {
		return pkg.ProductVersion
	}
	if i := strings.LastIndexByte(target, '-'); i > 0 {
		return target[:i]
	}
	return target
}

// is reports whether the version found is the wanted one. target counts as well
// when the rule names no version: a package may write its full version down.
func (f found) is(rule events.Detect, want, target string) bool {
	if f.version == "" {
		return rule.Version == ""
	}
	for _, v := range append([]string{f.version}, f.equal...) {
		if v == want || rule.Version == "" && v == target {
			return true
		}
	}
	return false
}

// tells takes a version from a line of text. A rule that names a version wants
// the line as it is; otherwise only a line that is nothing but a version counts.
func tells(line string, rule events.Detect) string {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if rule.Version != "" || versionLike(line) {
		return line
	}
	return ""
}

func versionLike(s string) bool {
	if s == "" || len(s) > 64 || s[0] < '0' || s[0] > '9' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		plain := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !plain && !strings.ContainsRune(".+-_~:", rune(c)) {
			return false
		}
	}
	return true
}

// firstLine is the text up to the first line end.
func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r")
}
