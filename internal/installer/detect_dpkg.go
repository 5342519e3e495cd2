// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// detectDpkg asks the database of installed Debian packages. The rule's name is
// a package, or "/root/dir!package" for a database below another root.
func detectDpkg(ctx context.Context, rule events.Detect) (found, error) {
	root, name, other := strings.Cut(rule.Name, "!")
	if !other {
		root, name = "/", rule.Name
	}
	if !filepath.IsAbs(root) {
		return found{}, fmt.Errorf("%w: the root %q is not an absolute path", errRule, root)
	}
	if !dpkgName(name) {
		return found{}, fmt.Errorf("%w: %q is not the name of a Debian package", errRule, name)
	}
	admin := filepath.Join(root, "var/lib/dpkg")
	// Without a database dpkg-query says that nothing is installed; it is unknown.
	if _, err := os.Stat(filepath.Join(admin, "status")); err != nil {
		return found{}, fmt.Errorf("no database of packages: %w", err)
	}
	query, err := resolve("/", "dpkg-query")
	if err != nil {
		return found{}, err
	}
	out, code, err := ask(ctx, []string{query, "--admindir=" + admin, "--show",
		"--showformat=${db:Status-Status}\t${db:Status-Eflag}\t${Version}\n", "--", name})
	if err != nil {
		return found{}, err
	}
	switch code {
	case 0:
		return dpkgState(string(out))
	case 1: // no such package, neither installed nor known
		return found{}, nil
	}
	return found{}, fmt.Errorf("dpkg-query ended with exit code %d", code)
}

// dpkgState reads the lines of dpkg-query, one for each architecture.
func dpkgState(out string) (found, error) {
	var best found
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			return found{}, fmt.Errorf("dpkg-query answered %.80q", line)
		}
		state, flag, version := f[0], f[1], f[2]
		switch state {
		case "not-installed", "config-files":
			continue
		case "installed", "triggers-awaited", "triggers-pending":
			if flag == "ok" {
				return found{installed: true, version: version, equal: dpkgEqual(version)}, nil
			}
		}
		if flag != "ok" {
			state += ", " + flag
		}
		best = found{installed: true, version: version, broken: "the package is " + state}
	}
	return best, nil
}

// dpkgEqual lists the parts of a Debian version "epoch:upstream-revision" that
// stand for it where a product's version has no epoch or no revision.
func dpkgEqual(version string) []string {
	equal := []string{}
	if epoch, rest, ok := strings.Cut(version, ":"); ok && epoch != "" {
		version = rest
		equal = append(equal, version)
	}
	if i := strings.LastIndexByte(version, '-'); i > 0 {
		equal = append(equal, version[:i])
	}
	return equal
}

// dpkgName accepts what Debian policy allows, with an architecture if need be.
// It refuses patterns, which dpkg-query would expand.
func dpkgName(s string) bool {
	name, arch, ok := strings.Cut(s, ":")
	return plainName(name, "+-.") && (!ok || plainName(arch, "-"))
}

func plainName(s, more string) bool {
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			continue
		}
		if i == 0 || !strings.ContainsRune(more, rune(c)) {
			return false
		}
	}
	return s != ""
}
