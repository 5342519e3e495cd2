// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// outcome judges whether the product can be installed at all, and whether
// anybody will know that it is.
func (f *metaFile) outcome(c control) {
	quiet := f.quiet()
	has := func(key string) bool {
		return slices.ContainsFunc(quiet, func(t *tomlfile.Table) bool { return t.Has(key) })
	}
	at := f.root
	key := "quietsetup"
	if len(quiet) > 0 {
		at, key = quiet[0], ""
	}
	if !has("command") {
		f.doubt(at, "no-command", key, "command is missing, so there is nothing to run")
		return
	}
	if c.uninstall && !has("uninstall_command") {
		f.doubt(at, "no-uninstall-command", key, "uninstall_command is missing, and the control file has an uninstallScript")
	}
	switch repeatable := slices.ContainsFunc(quiet, func(t *tomlfile.Table) bool { return t.Raw("repeatable") == true }); {
	case has("detect"):
	case repeatable:
		f.doubt(at, "no-detect", key, "detect is missing, so the installer's exit code is believed")
	default:
		f.doubt(at, "unknown-outcome", key, "detect is missing and repeatable is not true: after an interruption nobody can tell what became of it")
	}
}

// quiet are the tables of ours in the file, the file's own first.
func (f *metaFile) quiet() []*tomlfile.Table {
	var out []*tomlfile.Table
	for _, t := range append([]*tomlfile.Table{f.root}, f.installers...) {
		if _, ok := t.Raw("quietsetup").(map[string]any); ok {
			out = append(out, t.Table("quietsetup"))
		}
	}
	return out
}

// command judges the argument vectors as a machine reads them.
func (f *metaFile) command(pkg metadata.Package, m metadata.Machine) {
	for _, action := range []events.Action{events.ActionSetup, events.ActionUninstall} {
		argv, at := pkg.CommandFor(action), pkg.CommandAt(action)
		if len(argv) == 0 {
			if action == events.ActionSetup {
				f.missing(m)
			}
			continue
		}
		note := func(code, text string) {
			at.Code, at.Text = code, text
			f.mistake(at)
		}
		for _, sign := range shellSigns(argv) {
			note("shell-string", sign+" is given to the program as it stands, because no shell reads it")
			break
		}
		f.start(argv[0], pkg.Folder, m, note)
	}
}

// missing notes that one installer of several has no command.
func (f *metaFile) missing(m metadata.Machine) {
	t := metadata.Choose(f.installers, m)
	if t == nil || f.root.Table("quietsetup").Has("command") || t.Table("quietsetup").Has("command") {
		return
	}
	for _, q := range f.quiet() {
		if q.Has("command") {
			f.doubt(t, "no-command", "", "has no quietsetup.command, and others have")
			return
		}
	}
}

// shellSigns are those signs of an argument vector that a shell would act upon,
// none if it begins with a shell.
func shellSigns(argv []string) []string {
	program := strings.TrimSuffix(strings.ToLower(base(argv[0])), ".exe")
	if slices.Contains([]string{"sh", "bash", "dash", "zsh", "ksh", "cmd", "powershell", "pwsh", "env"}, program) {
		return nil
	}
	var out []string
	for _, a := range argv {
		if slices.Contains([]string{"&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1", "2>"}, a) {
			out = append(out, a)
		}
		for _, sign := range []string{"$(", "${", "`", " && ", " || ", " | ", " > ", " >> ", " 2>&1"} {
			if strings.Contains(a, sign) {
				out = append(out, strings.TrimSpace(sign))
			}
		}
	}
	return out
}

// start judges whether the program is where it is looked for. What is not in the
// package can only be known on the machine.
func (f *metaFile) start(program, folder string, m metadata.Machine, note func(code, text string)) {
	if f.pack.root == nil {
		return
	}
	windows := m.OS == "windows"
	name := program
	if windows {
		name = strings.ReplaceAll(name, `\`, "/")
		folder = strings.ReplaceAll(folder, `\`, "/")
	}
	name = strings.TrimPrefix(name, folder+"/")
	switch {
	case path.IsAbs(name) || windows && len(name) > 1 && name[1] == ':':
		return
	case !strings.Contains(name, "/") && !packaged(name):
		// Most likely a program of the system; one of the package that has the same
		// name is found too.
		if _, err := f.find(name); err != nil {
			if words := strings.Fields(name); len(words) > 1 {
				note("shell-string", "the first element is the program alone; "+quoted(words[0])+" and what follows are elements of their own")
			}
			return
		}
	}
	clean := path.Clean(name)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		note("command-missing", quoted(program)+" leads out of "+metadata.ClientData)
		return
	}
	info, err := f.find(clean)
	switch {
	case err != nil && len(strings.Fields(name)) > 1:
		note("command-missing", quoted(program)+" is not in "+metadata.ClientData+"; each argument is an element of its own")
	case err != nil:
		note("command-missing", quoted(program)+" is not in "+metadata.ClientData)
	case !windows && path.Base(clean) != info.Name():
		note("command-missing", quoted(program)+" is called "+quoted(info.Name())+", and case counts")
	case !info.Mode().IsRegular():
		note("command-missing", quoted(program)+" is not a file")
	case !windows && runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		note("command-not-executable", quoted(program)+" may not be executed")
	}
}

// packaged reports whether a name without a path is more likely a file of the
// package than a program of the system.
func packaged(name string) bool {
	return slices.Contains([]string{".sh", ".bash", ".py", ".pl", ".run", ".bin", ".appimage", ".bat", ".cmd", ".ps1", ".vbs", ".msi"},
		strings.ToLower(path.Ext(name)))
}

func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return "“" + s + "”"
}

// slashed is a relative path of any system with slashes, and whether it is one
// that stays where it begins.
func slashed(s string) (string, bool) {
	s = strings.ReplaceAll(s, `\`, "/")
	if path.IsAbs(s) || len(s) > 1 && s[1] == ':' || strings.Contains(s, "%") {
		return "", false
	}
	s = path.Clean(s)
	return s, s != ".." && !strings.HasPrefix(s, "../")
}

// scriptPath takes the package's own folder from the beginning of a path.
func scriptPath(s string) string {
	for _, name := range []string{"%scriptpath%", "%scriptdir%"} {
		if len(s) > len(name) && strings.EqualFold(s[:len(name)], name) {
			return strings.TrimLeft(s[len(name):], `/\`)
		}
	}
	return s
}

// find looks for a file of CLIENT_DATA in any case. Links are followed as long
// as they stay in there.
func (p *pack) find(name string) (fs.FileInfo, error) {
	data, err := p.root.OpenRoot(metadata.ClientData)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	if info, err := data.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	found := "."
	for _, part := range strings.Split(name, "/") {
		entries, err := fs.ReadDir(data.FS(), found)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return strings.EqualFold(e.Name(), part) })
		if i < 0 {
			return nil, fs.ErrNotExist
		}
		found = path.Join(found, entries[i].Name())
	}
	return data.Stat(found)
}
