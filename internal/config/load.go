// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/meant"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// maxLine is the length in bytes of what is one line of a window.
const maxLine = 200

// Load reads the file at path. With path "" it reads DefaultPath, and no file
// there means the defaults. A relative depot or overlay is taken from the file's
// own folder. An error wraps ErrInvalid and names file, line and key of all
// mistakes, one a line; ErrUnread if the file could not be read just now. A file that others could change is refused by root, who
// runs what it leads to, and warned of for anybody else.
func Load(path string) (Config, error) {
	c, err := Examine(path)
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// Examine is Load for who wants to see all that is wrong: with an error it still
// returns what could be read, the defaults for the rest. Nothing may be started
// with it.
func Examine(path string) (Config, error) {
	name := path
	if path == "" {
		name = DefaultPath()
	}
	text, others, err := read(name)
	if path == "" && errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	switch {
	case err != nil && passing(err):
		return Default(), fmt.Errorf("%w: %w", ErrUnread, err)
	case err != nil:
		return Default(), fmt.Errorf("%w: cannot read it: %w", ErrInvalid, err)
	}
	doc, err := tomlfile.Parse(name, text)
	if err != nil {
		return Default(), fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	c := Default()
	c.others = others
	if c.Path, err = filepath.Abs(name); err != nil {
		return Default(), fmt.Errorf("%w: cannot name the folder of %s: %w", ErrInvalid, name, err)
	}
	c.fill(doc.Root())
	if err := doc.Err(); err != nil {
		return c, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return c, nil
}

// read reads a plain file. Anything else may never end, or never begin. It tells
// who else could change it, where that is no reason to refuse it.
func read(name string) (text []byte, others, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil { // what is open counts, not what was there before
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file", name)
	}
	if err := CheckOwner(name, info); err != nil {
		return nil, nil, err
	}
	text, err = io.ReadAll(io.LimitReader(f, tomlfile.MaxBytes+1))
	return text, Changeable(name, info), err
}

func (c *Config) fill(root *tomlfile.Table) {
	only(root, "source", "policy", "metadata", "log", "ui")

	c.source(root.Table("source"))

	meta := root.Table("metadata")
	only(meta, "overlay")
	c.Overlay = c.folder(meta, "overlay", "")

	log := root.Table("log")
	only(log, "level", "format")
	c.Log.Level = oneOf(log, "level", c.Log.Level, "debug", "info", "warn", "error")
	c.Log.Format = oneOf(log, "format", c.Log.Format, "json", "console")

	ui := root.Table("ui")
	only(ui, "asker", "contact", "logo")
	c.UI.Asker = line(ui, "asker")
	c.UI.Contact = line(ui, "contact")
	c.UI.Logo, c.logo = logo(ui)

	c.policies(root.Table("policy"))
	c.remember(root)
}

// remember notes where each key stands that is no policy.
func (c *Config) remember(root *tomlfile.Table) {
	c.places = map[string]string{}
	for _, name := range []string{"source", "metadata", "log", "ui"} {
		if _, table := root.Raw(name).(map[string]any); !table {
			continue
		}
		t := root.Table(name)
		for _, k := range t.Keys() {
			c.places[name+"."+k] = t.Place(k)
		}
	}
}

// policies reads [policy] and the [policy.product.<id>] below it.
func (c *Config) policies(t *tomlfile.Table) {
	fillLayer(c.site, t, "product")
	products := t.Table("product")
	c.products = map[string]ofProduct{}
	for _, id := range products.Keys() {
		if err := productid.Check(id); err != nil {
			products.Wrong(id, "%v", err)
			continue
		}
		l := policy.NewLayer(policy.Product)
		fillLayer(l, products.Table(id))
		c.products[id] = ofProduct{l, products.Place(id)}
	}
}

func fillLayer(l policy.Layer, t *tomlfile.Table, except ...string) {
	for _, k := range t.Keys() {
		if slices.Contains(except, k) {
			continue
		}
		if err := policy.KnownTo(l.Origin, k); err != nil {
			t.Wrong(k, "%v", err)
			continue
		}
		if key, _ := policy.Lookup(k); key.Name == "mode" { // whoever misspells observe must not see it begin
			if _, err := key.Parse(t.Raw(k)); err != nil {
				t.Wrong(k, "%v", err)
				continue
			}
		}
		l.Set(k, t.Raw(k), t.Place(k))
	}
}

// only makes every key that is not listed a mistake.
func only(t *tomlfile.Table, known ...string) {
	for _, k := range t.Keys() {
		if slices.Contains(known, k) {
			continue
		}
		hint := ""
		if near := meant.Word(k, known...); near != "" {
			hint = " (did you mean " + near + "?)"
		}
		t.Wrong(k, "unknown key%s; known are %s", hint, strings.Join(known, ", "))
	}
}

func oneOf(t *tomlfile.Table, key, missing string, allowed ...string) string {
	v := t.Text(key, missing)
	if !slices.Contains(allowed, v) {
		t.Wrong(key, "must be %s, is %q", strings.Join(allowed, " or "), v)
	}
	return v
}

// folder reads a path and makes it absolute.
func (c *Config) folder(t *tomlfile.Table, key, missing string) string {
	if !t.Has(key) {
		return missing
	}
	v := t.Text(key, missing)
	switch _, text := t.Raw(key).(string); {
	case !text:
		return missing
	case v == "":
		t.Wrong(key, "must not be empty")
	case strings.ContainsFunc(v, unicode.IsControl):
		t.Wrong(key, "must not hold control characters")
	case !filepath.IsAbs(v):
		return filepath.Join(filepath.Dir(c.Path), v)
	}
	return filepath.Clean(v)
}

// line reads a text that is one line of a window.
func line(t *tomlfile.Table, key string) string {
	v := t.Text(key, "")
	if len(v) > maxLine || strings.ContainsFunc(v, unicode.IsControl) {
		t.Wrong(key, "must be one line of at most %d bytes", maxLine)
	}
	return v
}

// logo reads the path of an image. What is wrong with the path is a mistake; what
// is wrong with the file only leaves the windows without a logo, and is told in
// without: no image may keep the service from starting.
func logo(t *tomlfile.Table) (path string, without error) {
	path = t.Text("logo", "")
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case path == "":
		return "", nil
	case !filepath.IsAbs(path):
		t.Wrong("logo", "must be an absolute path, is %q", path)
		return "", nil
	case strings.ContainsFunc(path, unicode.IsControl):
		t.Wrong("logo", "must not hold control characters")
		return "", nil
	case !slices.Contains([]string{".png", ".svg", ".jpg", ".jpeg"}, ext):
		t.Wrong("logo", "must be a .png, .svg or .jpg file, is %q", path)
		return "", nil
	}
	path = filepath.Clean(path)
	if err := image(path); err != nil {
		return "", fmt.Errorf("ui.logo: windows are shown without it: %w", err)
	}
	return path, nil
}

// image checks what can be known of an image without looking into it. It is
// opened with the rights of whoever is asked.
func image(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("cannot use it: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case info.Size() == 0 || info.Size() > MaxLogo:
		return fmt.Errorf("%s has %d bytes, may have 1 to %d", path, info.Size(), MaxLogo)
	case !readableByAll(info.Mode()):
		return fmt.Errorf("%s has mode %04o, and people could not read it; mend it with: chmod 644 %[1]s", path, info.Mode().Perm())
	}
	return nil
}

func poll(t *tomlfile.Table, missing time.Duration) time.Duration {
	if !t.Has("poll") {
		return missing
	}
	s, err := policy.ParseSpan(t.Raw("poll"))
	if err != nil {
		t.Wrong("poll", "%v", err)
		return missing
	}
	if d := s.Duration(); d >= MinPoll && d <= MaxPoll {
		return d
	}
	t.Wrong("poll", "must be from %s to %s", MinPoll, MaxPoll)
	return missing
}
