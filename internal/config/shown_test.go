// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

func TestSettings(t *testing.T) {
	path := file(t, "[source]\npoll = '90s'\n\n[log]\nlevel = 'debug'\n[policy.product.b]\nmax_defer = 1\n[policy.product.'a.c']\n[ui]\ncontact = 'x'\n")
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Setting{}
	for _, s := range c.Settings() {
		got[s.Key] = s
	}
	for key, want := range map[string]Setting{
		"source.kind":      {"source.kind", "local", ""},
		"source.poll":      {"source.poll", 90 * time.Second, path + ":2"},
		"metadata.overlay": {"metadata.overlay", "", ""},
		"log.level":        {"log.level", "debug", path + ":5"},
		"ui.contact":       {"ui.contact", "x", path + ":10"},
	} {
		if got[key] != want {
			t.Errorf("%+v, want %+v", got[key], want)
		}
	}
	if ids := c.Products(); !slices.Equal(ids, []string{"a.c", "b"}) || c.ProductPlace("b") != path+":6" || c.ProductPlace("a.c") != path+":8" || c.ProductPlace("x") != "" {
		t.Errorf("%v at %q and %q", ids, c.ProductPlace("b"), c.ProductPlace("a.c"))
	}
}

// TestEveryFieldIsShown: a setting that is read and not shown could not be found.
func TestEveryFieldIsShown(t *testing.T) {
	fields := 1 // the overlay
	for _, part := range []any{Source{}, Log{}, UI{}} {
		fields += reflect.TypeOf(part).NumField()
	}
	if n := len(Default().Settings()); n != fields {
		t.Errorf("%d settings are shown of %d: add the new one to Settings", n, fields)
	}
}

// TestExamineGivesWhatCouldBeRead: one mistake does not hide the rest of the file.
func TestExamineGivesWhatCouldBeRead(t *testing.T) {
	path := file(t, "[source]\ndepot = '/d'\npool = 1\n[policy]\nmax_defer = 2\n[policy.product.java]\nmax_defer = 'x'\n[log]\nlevel = 'loud'\n")
	c, err := Examine(path)
	var keys []string
	for _, m := range tomlfile.Mistakes(err) {
		keys = append(keys, m.Key)
		if m.File != path || m.Line == 0 {
			t.Errorf("%+v", m)
		}
	}
	if !slices.Equal(keys, []string{"source.pool", "log.level"}) {
		t.Errorf("mistakes at %v", keys)
	}
	if p, _ := c.Policy("x", c.Site()); c.Source.Depot != filepath.FromSlash("/d") && runtime.GOOS != "windows" || p.MaxDefer != 2 || !slices.Equal(c.Products(), []string{"java"}) {
		t.Errorf("%+v", c)
	}
	if zero, err := Load(path); err == nil || !reflect.DeepEqual(zero, Config{}) {
		t.Errorf("Load gives %+v, %v", zero, err)
	}
}

func TestAFolderOthersCanChange(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // modes say nothing there
	}
	dir := t.TempDir()
	for mode, good := range map[os.FileMode]bool{0o755: true, 0o700: true, 0o775: false, os.ModeSticky | 0o777: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := Changeable(dir, info); (err == nil) != good || err != nil && !strings.HasSuffix(err.Error(), "chmod 755 "+dir) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
}
