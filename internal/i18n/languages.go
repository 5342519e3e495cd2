// SPDX-License-Identifier: Apache-2.0

package i18n

import "strings"

// Wanted lists the languages a person wants, best first: the one asked for by
// option alone if there is one, else what the environment says, else what the
// system says. getenv is os.Getenv.
func Wanted(option string, getenv func(string) string) []string {
	if tag := tagOf(option); tag != "" {
		return []string{tag}
	}
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = getenv(name); locale != "" {
			break
		}
	}
	var out []string
	if tag := tagOf(locale); tag != "" {
		// LANGUAGE refines a locale; without one, or with C, it does not count.
		for _, s := range strings.Split(getenv("LANGUAGE"), ":") {
			if t := tagOf(s); t != "" && len(out) < 8 {
				out = append(out, t)
			}
		}
		return append(out, tag)
	}
	if locale != "" {
		return nil // C or POSIX: English
	}
	return systemLanguages()
}

// tagOf turns "de_AT.UTF-8@euro" into "de-AT"; "" for what is no language.
func tagOf(locale string) string {
	s, _, _ := strings.Cut(locale, ".")
	s, _, _ = strings.Cut(s, "@")
	s = strings.ReplaceAll(s, "_", "-")
	if len(s) < 2 || len(s) > 35 || s == "POSIX" {
		return ""
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return ""
		}
	}
	return s
}
