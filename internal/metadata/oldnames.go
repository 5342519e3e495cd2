// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// The limits of patterns for the names of earlier versions.
const (
	maxOldNames   = 50
	maxPattern    = 200 // bytes
	maxOldFolders = 20  // that all patterns of a package find on one machine
)

// oldNames reads how earlier versions are called in the machine's list of
// installed programs, and takes the directories that the list has for them. The
// product may lie anywhere on a machine, and there alone it is known where.
// Every list counts.
func (l *loading) oldNames(tables []*tomlfile.Table) {
	const key = "old_display_names"
	var patterns []*regexp.Regexp
	var last *tomlfile.Table
	for _, t := range tables {
		listed := t.Texts(key)
		if len(listed) > maxOldNames {
			t.Wrong(key, "more than %d names", maxOldNames)
			continue
		}
		for i, raw := range listed {
			if raw == "" {
				continue
			}
			p, err := namePattern(raw)
			if err != nil {
				t.Wrong(tomlfile.Element(key, i), "%v", err)
				continue
			}
			patterns, last = append(patterns, p), t
		}
	}
	if len(patterns) == 0 || l.oldFolders == nil {
		return
	}
	found, err := l.oldFolders(func(name string) bool {
		return slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(name) })
	})
	if err != nil {
		l.unseen = fmt.Errorf("cannot find earlier versions of %s: %w", l.pkg.Product, err)
		return
	}
	if len(found) > maxOldFolders {
		l.badDirs = append(l.badDirs, last.Doubt(CodeUnsafe, key, "these names find %d directories on this machine, so they are too wide", len(found)))
		return
	}
	for _, dir := range found {
		clean, err := l.machine.absolute(dir)
		if err == nil {
			err = l.searchable(clean)
		}
		if err != nil { // what others wrote into the list is no fault of the package; the text names no place, which may be a person's
			l.warn(last.Doubt(CodeUnsafe, key, "an earlier version lies in a directory that must not be searched; its programs are not looked for"))
			continue
		}
		if !slices.Contains(l.pkg.Dirs, clean) {
			l.pkg.Dirs = append(l.pkg.Dirs, clean)
		}
	}
}

// namePattern reads a pattern. It stands for the whole name, in any case. One
// that fits what no product is called would find every program of a machine.
func namePattern(raw string) (*regexp.Regexp, error) {
	if len(raw) > maxPattern {
		return nil, fmt.Errorf("more than %d bytes", maxPattern)
	}
	if _, err := regexp.Compile(raw); err != nil { // alone, or a ")" would end what is put around it
		return nil, fmt.Errorf("is no pattern: %w", err)
	}
	p, err := regexp.Compile(`(?i)^(?:` + raw + `)$`)
	if err != nil {
		return nil, fmt.Errorf("is no pattern: %w", err)
	}
	for _, nonsense := range []string{"", "q", "Qzxj", "Qzxj Vwqk 12.3.4 (x64)", "Qzxj 2026"} {
		if p.MatchString(nonsense) {
			return nil, fmt.Errorf("%q fits the names of other products too", raw)
		}
	}
	return p, nil
}
