// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// The limits of our own table.
const (
	quietVersion = 1 // the version of the table that is known here
	maxArguments = 256
	maxServices  = 50
)

// quiet reads our own table. It may stand at four places: the file's and the
// chosen installer's, in the package and in the overlay. They are given strongest
// first, and each key counts where it is found first; policy is merged key by
// key, and the old directories of all count.
func (l *loading) quiet(tables []*tomlfile.Table) {
	for _, t := range tables {
		l.warn(t.Unknown(Known("quietsetup")...)...)
		l.checkVersion(t)
	}
	l.pkg.Command, l.pkg.install = l.command(holder(tables, "command"), "command")
	l.pkg.Uninstall, l.pkg.uninstall = l.command(holder(tables, "uninstall_command"), "uninstall_command")
	l.pkg.Repeatable = holder(tables, "repeatable").Bool("repeatable", false)
	l.exitCodes(holder(tables, "exit_codes").Table("exit_codes"))
	l.detect(holder(tables, "detect").Table("detect"))
	l.usualCodes(holder(tables, "exit_codes").Table("exit_codes"))
	l.services(holder(tables, "services"))
	l.oldDirs(tables)
	l.oldNames(tables)
	for _, t := range slices.Backward(tables) {
		p := t.Table("policy")
		for _, k := range p.Keys() {
			l.pkg.Policy.Set(k, p.Raw(k), p.Place(k))
		}
	}
}

// checkVersion refuses a table that is newer than this build: a key whose
// meaning changed must not be guessed at. "1", "1.2" and 1 are all version 1.
func (l *loading) checkVersion(t *tomlfile.Table) {
	if !t.Has("version") {
		return
	}
	n, ok := t.Raw("version").(int64)
	if text, isText := t.Raw("version").(string); isText {
		major, _, _ := strings.Cut(text, ".")
		v, err := strconv.ParseUint(major, 10, 31)
		n, ok = int64(v), err == nil
	}
	if !ok || n < 0 {
		t.Wrong("version", "must be the number of a version")
	} else if n > quietVersion {
		t.WrongAs(CodeNewer, "version", "is %d, and this version of quietsetup knows %d: the package needs a newer one", n, quietVersion)
	}
}

// command reads an argument vector. It is never given to a shell, so an argument
// may hold anything but the zero byte, which ends it. The second result is where
// it stands.
func (l *loading) command(t *tomlfile.Table, key string) (argv []string, at tomlfile.Mistake) {
	if t == nil {
		return nil, at
	}
	args := t.Texts(key)
	if _, isList := t.Raw(key).([]any); !isList {
		return nil, at
	}
	if len(args) > maxArguments {
		t.Wrong(key, "more than %d arguments", maxArguments)
		return nil, at
	}
	if len(args) == 0 || args[0] == "" {
		t.Wrong(key, `must name a program first, like ["./setup.sh"]`)
		return nil, at
	}
	out := make([]string, len(args))
	for i, raw := range args {
		s, err := l.constants.resolve(raw)
		if err != nil {
			l.unresolved(t, tomlfile.Element(key, i), err)
		}
		if strings.ContainsRune(s, 0) {
			t.Wrong(tomlfile.Element(key, i), "must not hold a zero byte")
		}
		out[i] = s
	}
	return out, t.Mistake(tomlfile.Element(key, 0), "")
}

func (l *loading) exitCodes(t *tomlfile.Table) {
	l.warn(t.Unknown(Known("quietsetup.exit_codes")...)...)
	where := map[int]string{}
	read := func(key string) []int {
		var out []int
		for i, n := range t.Ints(key) {
			if n < math.MinInt32 || n > math.MaxUint32 {
				t.Wrong(tomlfile.Element(key, i), "%d is no exit code", n)
				continue
			}
			code := int(n)
			if n > math.MaxInt32 {
				code -= 1 << 32 // 32 bits; an exit code is told with its sign
			}
			if other, twice := where[code]; twice && other != key {
				t.Wrong(tomlfile.Element(key, i), "%d stands under %s already", code, other)
			}
			where[code] = key
			out = append(out, code)
		}
		return out
	}
	if t.Has("ok") {
		l.pkg.ExitCodes.OK = read("ok")
	} else {
		where[0] = "ok (by default)"
	}
	l.pkg.ExitCodes.Reboot = read("reboot")
	l.pkg.ExitCodes.Retry = read("retry")
}

func (l *loading) detect(t *tomlfile.Table) {
	if t == nil {
		return
	}
	l.warn(t.Unknown(Known("quietsetup.detect")...)...)
	d := &events.Detect{Kind: t.Text("kind", "")}
	kinds := []string{"file", "dpkg", "registry", "msi", "command"}
	if !slices.Contains(kinds, d.Kind) {
		t.Wrong("kind", "must be %s, is %q", strings.Join(kinds, " or "), d.Kind)
		return
	}
	var named, versioned bool
	d.Name, named = l.resolve(t, "name", t.Text("name", ""))
	d.Version, versioned = l.resolve(t, "version", t.Text("version", ""))
	if !named || !versioned {
		return
	}
	switch {
	case d.Name == "":
		t.Wrong("name", "is missing")
	case strings.HasPrefix(d.Name, "-"):
		t.Wrong("name", "%q looks like an option", d.Name)
	case d.Kind == "registry":
		d.Name = strings.ReplaceAll(d.Name, `\\`, `\`) // some tools write it twice
	case d.Kind == "file":
		clean, err := l.machine.absolute(d.Name)
		if err != nil {
			t.Wrong("name", "%q %v", d.Name, err)
		}
		d.Name = clean
	}
	l.pkg.Detect = d
}

// services reads the services that are stopped through the service manager.
func (l *loading) services(t *tomlfile.Table) {
	const key = "services"
	if t == nil {
		return
	}
	listed := t.Texts(key)
	if len(listed) > maxServices {
		t.Wrong(key, "more than %d services", maxServices)
		return
	}
	for i, raw := range listed {
		at := tomlfile.Element(key, i)
		name, ok := l.resolve(t, at, raw)
		if !ok {
			continue
		}
		if name == "" || len(name) > 256 || name[0] == '-' || strings.ContainsAny(name, `/*?[]`) {
			t.Wrong(at, "%q is no service", name)
			continue
		}
		if !slices.Contains(l.pkg.Services, name) {
			l.pkg.Services = append(l.pkg.Services, name)
		}
	}
}
