// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// fixedPath is where bare names are looked up, and the installer's PATH. It
// holds only directories that the system's package manager owns.
const fixedPath = "/usr/sbin:/usr/bin:/sbin:/bin"

// fixedEnv is the whole environment of every program this package starts.
// Nothing of the daemon's own environment gets through.
func fixedEnv() []string {
	return []string{
		"PATH=" + fixedPath,
		"LANG=C.UTF-8",
		"HOME=/root",
		"DEBIAN_FRONTEND=noninteractive",
	}
}

// programFolders are the folders of fixedPath.
func programFolders() []string { return strings.Split(fixedPath, ":") }

// spellings are the names of files that a name stands for: itself.
func spellings(name string) []string { return []string{name} }

// sameVariable compares names of variables.
func sameVariable(a, b string) bool { return a == b }

// program reports whether a file may be run.
func program(_ string, mode fs.FileMode) bool { return mode.Perm()&0o111 != 0 }

// neutralDir is a working directory that keeps no file system from being unmounted.
func neutralDir() string { return "/" }

// busy is true of a program that a process, forked at the wrong moment, still
// holds open for writing.
func busy(err error) bool { return errors.Is(err, syscall.ETXTBSY) }
