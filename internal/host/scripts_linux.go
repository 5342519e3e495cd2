// SPDX-License-Identifier: Apache-2.0

package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxArguments bounds what is read of a command line: a program may set its
// own to anything.
const maxArguments = 256

// family tells how an interpreter is told which script to run.
type family struct {
	inline  string   // letters of options that give the program itself: then there is no script
	takes   []string // options whose value is the next argument
	words   []string // long options that give the program itself
	classes []string // options whose value is a list of what to run, ":" between
	jar     string   // the option whose value is the file to run
}

// interpreter returns the family of the interpreter an executable is.
func interpreter(exe string) (family, bool) {
	base := filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
	switch strings.TrimRight(base, "0123456789.-") {
	case "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "busybox", "rbash":
		return family{inline: "cs", takes: []string{"-o", "+o", "-O", "+O", "--rcfile", "--init-file"}, words: []string{"--command"}}, true
	case "python", "pypy":
		return family{inline: "cm", takes: []string{"-W", "-X", "--check-hash-based-pycs"}}, true
	case "perl":
		return family{inline: "eE", takes: []string{"-I", "-M"}}, true
	case "ruby":
		return family{inline: "e", takes: []string{"-I", "-r", "-C", "-E"}}, true
	case "node", "nodejs", "electron", "bun":
		return family{inline: "ep", takes: []string{"-r", "--require", "--import", "--loader"}, words: []string{"--eval", "--print"}}, true
	case "php", "lua", "luajit", "tclsh", "wish", "gjs", "gjs-console", "guile", "expect":
		return family{inline: "erc", takes: []string{"-d", "-I", "-l"}}, true
	case "java":
		return family{classes: []string{"-cp", "-classpath", "--class-path", "-p", "--module-path"}, jar: "-jar"}, true
	case "mono", "mono-sgen", "dotnet":
		return family{takes: []string{"--config", "--runtimeconfig", "--depsfile", "--additionalprobingpath"}}, true
	}
	return family{}, false
}

// givesProgram reports whether an option holds the program itself, or a
// module's name, in place of a script. Short options may be joined: -ec, -lne.
func (f family) givesProgram(arg string) bool {
	if slices.Contains(f.words, arg) {
		return true
	}
	if len(arg) < 2 || arg[0] != '-' || arg[1] == '-' || f.inline == "" {
		return arg == "-" && f.inline != ""
	}
	if strings.ContainsRune("MICDFWXrdo", rune(arg[1])) && !strings.ContainsRune(f.inline, rune(arg[1])) {
		return false // what follows is this option's value
	}
	return strings.ContainsAny(arg[1:], f.inline)
}

// scriptsOf returns the absolute paths of what an interpreter runs, by its
// command line and working directory. Only what is run counts, not every
// argument: a backup script that is given a path does not run it.
func scriptsOf(exe string, args []string, dir func() string) []string {
	f, ok := interpreter(exe)
	if !ok || len(args) < 2 {
		return nil
	}
	if len(args) > maxArguments {
		args = args[:maxArguments]
	}
	var found []string
	rest := args[1:]
	switch filepath.Base(strings.TrimSuffix(exe, " (deleted)")) {
	case "busybox":
		if filepath.Base(args[0]) == "busybox" { // busybox sh script
			rest = rest[1:]
		} else if !slices.Contains([]string{"sh", "ash", "hush"}, strings.TrimPrefix(filepath.Base(args[0]), "-")) {
			return nil
		}
	case "dotnet":
		if rest[0] == "exec" {
			rest = rest[1:]
		}
	}
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		option, value, inOne := strings.Cut(arg, "=")
		switch {
		case f.givesProgram(arg):
			return nil
		case f.jar != "" && arg == f.jar:
			if i+1 < len(rest) {
				found = append(found, rest[i+1])
			}
			return absolute(found, dir)
		case slices.Contains(f.classes, option):
			if !inOne && i+1 < len(rest) {
				i++
				value = rest[i]
			}
			for _, entry := range strings.Split(value, ":") {
				if entry != "" && !strings.HasSuffix(entry, ".jar") && !strings.HasSuffix(entry, ".zip") {
					entry = strings.TrimSuffix(entry, "/*") + "/*" // a folder: everything in it
				}
				found = append(found, entry)
			}
		case slices.Contains(f.takes, arg):
			i++
		case arg == "--":
			if f.jar == "" && i+1 < len(rest) {
				return absolute(rest[i+1:i+2], dir)
			}
		case strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "+") || arg == "":
		case f.jar != "": // the name of a class
			return absolute(found, dir)
		default:
			return absolute([]string{arg}, dir)
		}
	}
	return absolute(found, dir)
}

// absolute makes paths absolute and straight, relative to the working
// directory, and leaves out what cannot be.
func absolute(paths []string, workDir func() string) []string {
	var out []string
	for _, p := range paths {
		if p == "" {
			continue
		}
		if !filepath.IsAbs(p) {
			dir := workDir()
			if !filepath.IsAbs(dir) {
				continue
			}
			p = filepath.Join(dir, p)
		}
		out = append(out, filepath.Clean(p))
	}
	return out
}

// readScripts returns the paths of what a process runs if it is an interpreter.
func readScripts(pid int32, exe string) ([]string, error) {
	if _, ok := interpreter(exe); !ok {
		return nil, nil
	}
	b, err := readProc(procFile(pid, "cmdline"))
	if err == nil && len(b) == 0 {
		b, err = readProc(threadFile(pid, "cmdline"))
	}
	if err != nil {
		return nil, err
	}
	args := strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
	return scriptsOf(exe, args, func() string {
		dir, err := os.Readlink(threadFile(pid, "cwd"))
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(dir, " (deleted)")
	}), nil
}
