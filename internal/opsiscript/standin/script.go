// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ending is how a script ends.
type ending struct {
	fatal, deferred, suspended bool
	exit                       object // what ExitScript writes
	progress                   string // as the script set it last
	wait                       bool   // the products after it wait for a restart
	now                        bool   // it stops at once, and nothing more is written
	code                       int    // the exit code of the program; -1 = the right one
	crash                      bool
}

// script carries out a script: one statement in a line.
//
//	progress <text>          setActionProgress
//	run <file>               leaves a line in a file, as an installer would
//	fatal                    isFatalError
//	deferred, suspended      IsDeferred, IsSuspended
//	exitscript <status> <request> <text>
//	rebootwanted, logoutwanted, shutdownwanted, reboot, immediatereboot, immediatelogout
//	                         ExitWindows of that kind
//	crash                    the process ends itself in the middle
//	hang                     it waits until it is killed
//	sleep <duration>         it takes its time
//	code <n>                 the program exits with n, whatever became of the products
func (s *session) script(id, name string) ending {
	e := ending{code: -1}
	text, err := os.ReadFile(filepath.Join(s.depot, id, name))
	if name == "" || err != nil {
		e.fatal = true // a script that is not there is fatal
		return e
	}
	for _, line := range strings.Split(string(text), "\n") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "progress":
			e.progress = rest
		case "run":
			f, err := os.OpenFile(rest, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				e.fatal = true
				return e
			}
			_, _ = f.WriteString(id + "\n")
			_ = f.Close()
		case "fatal":
			e.fatal = true
		case "deferred":
			e.deferred = true
		case "suspended":
			e.suspended = true
		case "exitscript":
			f := strings.SplitN(rest, " ", 3)
			e.exit = object{"installationStatus": f[0], "actionRequest": f[1], "actionProgress": f[2], "actionResult": "none"}
			return e
		case "rebootwanted", "logoutwanted", "shutdownwanted":
			s.want(strings.TrimSuffix(word, "wanted"))
		case "reboot":
			s.want("reboot")
			e.wait = true
		case "immediatereboot", "immediatelogout":
			s.want(strings.TrimPrefix(word, "immediate"))
			e.now = true
			return e
		case "crash":
			e.crash, e.now = true, true
			return e
		case "hang":
			time.Sleep(time.Hour)
		case "sleep":
			d, _ := time.ParseDuration(rest)
			time.Sleep(d)
		case "code":
			e.code, _ = strconv.Atoi(rest)
		}
	}
	return e
}

// want remembers the greatest wish.
func (s *session) want(w string) {
	greater := map[string]int{"": 0, "logout": 1, "reboot": 2, "shutdown": 3}
	if greater[w] > greater[s.wish] {
		s.wish = w
	}
}

// after does what a script does that does not come to its end, and what it had set.
func (e ending) after(s *session, row object) error {
	if e.progress != "" {
		if err := s.update(row, object{"actionProgress": e.progress}); err != nil {
			return err
		}
	}
	if e.crash {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		if err := self.Kill(); err != nil {
			return err
		}
		select {} // it comes at once
	}
	return nil
}
