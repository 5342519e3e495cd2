// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/meant"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// overlay looks at the folder of the site's own metadata files.
func (l *look) overlay() {
	const key = "metadata.overlay"
	dir := l.c.Overlay
	if dir == "" {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.add(codeOverlay, l.setting(key), key, detail(err))
		return
	}
	l.rights(codeRights, dir, l.setting(key), key)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		id, isTOML := strings.CutSuffix(e.Name(), ".toml")
		switch err := productid.Check(id); {
		case strings.HasPrefix(e.Name(), "."): // an editor's, or the system's
		case !isTOML:
			l.add(codeOverlayName, path, "", detail(errors.New("its name does not end with .toml")))
		case err != nil:
			l.add(codeOverlayName, path, "", detail(err))
		case l.known && !slices.Contains(l.ids, id):
			l.add(codeOverlayUnfit, path, "", map[string]string{"Product": id, "Near": meant.Word(id, l.ids...)})
		case l.known:
			l.overlayFile(id, path)
		}
	}
}

// overlayFile looks at one file of the overlay, as it is read with its package.
func (l *look) overlayFile(id, path string) {
	pkg, problem, err := l.reader.Load(id)
	if err != nil {
		l.add(codeOverlayBad, path, "", detail(err))
		return
	}
	if problem != nil && strings.HasPrefix(problem.Message, path) {
		at, key, text := apart(problem.Message, path)
		l.add(codeOverlayBad, at, key, detail(errors.New(text)))
	} else {
		l.rights(codeRights, path, path, "")
	}
	for _, w := range pkg.Warnings {
		if at, key, text := apart(w, path); at != "" {
			l.add(codeOverlaySlip, at, key, detail(errors.New(text)))
		}
	}
	for _, w := range policy.Unknown(pkg.Policy) {
		if file, _ := Place(w.At); file == path {
			l.add(codePolicyKey, w.At, "quietsetup.policy."+w.Key, map[string]string{"Near": policy.Near(w.Key)})
		}
	}
	for _, d := range policy.Explain(l.c.Layers(id, pkg.Policy)...) {
		for _, o := range d.Said {
			if file, _ := Place(o.Place); file == path && o.Bad != "" {
				l.bad(o, "quietsetup.policy."+o.Spelled, false, d)
			}
		}
	}
}

// apart takes a message about a file apart: "path:3: a.b: what". at is "" if the
// message is about another file.
func apart(message, path string) (at, key, text string) {
	rest, ok := strings.CutPrefix(message, path)
	if !ok {
		return "", "", message
	}
	m := regexp.MustCompile(`^(:\d+)?: (?:(\S+): )?(.*)$`).FindStringSubmatch(rest)
	if m == nil { // "path has mode 0664"
		return path, "", message
	}
	return path + m[1], m[2], m[3]
}
