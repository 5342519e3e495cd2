// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/doctor"
	"github.com/quietsetup/quietsetup/internal/storecheck"
	"github.com/quietsetup/quietsetup/store"
)

// TestDoctorSaysEverything: each code has a sentence in both languages, and what
// somebody should see to has a mend.
func TestDoctorSaysEverything(t *testing.T) {
	facts := map[string]any{"Exit": "7", "Percent": 5, "At": time.Now(), "Verdict": "ok"}
	for _, lang := range []string{"en", "de"} {
		w, err := words.New(time.UTC, lang)
		if err != nil {
			t.Fatal(err)
		}
		for code, state := range doctor.Codes() {
			found, mend := sentences(w, doctor.Finding{Code: code, State: state, Data: facts})
			if found == "[doctor."+code+"]" || found == "[agentfound."+code+"]" || mend == "[agentmend."+code+"]" || found == "" && code != "config_bad" && code != "config_note" && !strings.HasSuffix(code, "_ok") && code != "store_unreadable" {
				t.Errorf("%s: nothing is said of %s", lang, code)
			}
			if mend == "" && (state == doctor.Warn || state == doctor.Fail) {
				t.Errorf("%s: no mend for %s", lang, code)
			}
		}
		for _, code := range []string{store.FaultDirectory, store.FaultOwner, store.FaultWritable, store.FaultReadable, store.FaultNewer, store.FaultOlder,
			store.FaultNoIdentity, store.FaultOtherStore, store.FaultDamaged, store.FaultMissing, store.FaultBehind, store.FaultTorn, store.FaultInUse,
			store.FaultNotCopied, store.FaultNotProbed, store.FaultGap, store.FaultBegins, store.FaultLost, store.FaultFork, store.FaultUnclean,
			store.FaultChanged, store.FaultPending, store.FaultKept, storecheck.FaultDiverged, storecheck.FaultTooSmall} {
			if text := w.Text("fault."+code, map[string]any{"File": "x"}); text == "[fault."+code+"]" {
				t.Errorf("%s: nothing is said of %s", lang, code)
			}
		}
	}
}

// TestMendsOfTheLog name the state folder that was looked at: the service of the
// system cannot mend another one.
func TestMendsOfTheLog(t *testing.T) {
	n, starter := 0, "systemctl"
	if runtime.GOOS == "windows" {
		starter = "quietsetupd service start"
	}
	for _, lang := range []string{"en", "de"} {
		w, err := words.New(time.UTC, lang)
		if err != nil {
			t.Fatal(err)
		}
		for code, state := range doctor.Codes() {
			if !strings.HasPrefix(code, "store_") {
				continue
			}
			for _, own := range []bool{true, false} {
				_, mend := sentences(w, doctor.Finding{Code: code, State: state, Data: map[string]any{"Own": own, "Dir": "/srv/state"}})
				starts, checks := strings.Contains(mend, "quietsetupd"), strings.Contains(mend, "store check")
				if starts || checks {
					n++
				}
				if strings.Contains(mend, starter) != (starts && !own) || strings.Contains(mend, "--state-dir /srv/state") != (own && (starts || checks)) {
					t.Errorf("%s: %s, own %v: %s", lang, code, own, mend)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("%d mends start the service or check the log", n)
	}
}

// TestMendsOnWindows: nobody there is told to use a program of Linux.
func TestMendsOnWindows(t *testing.T) {
	elsewhere := []string{"service_masked", "service_restarts", "socket_in_the_way", "socket_owner", "socket_mode", "socket_folder_owner", "socket_folder_open",
		"windows_terminal"} // found on other systems only
	for _, lang := range []string{"en", "de"} {
		w, err := words.New(time.UTC, lang)
		if err != nil {
			t.Fatal(err)
		}
		for code, state := range doctor.Codes() {
			if slices.Contains(elsewhere, code) {
				continue
			}
			for _, exit := range []string{"", "7", "8", "10"} {
				found, mend := sentencesOn("windows", w, doctor.Finding{Code: code, State: state, Data: map[string]any{"Own": false, "Exit": exit}})
				for _, word := range []string{"systemctl", "systemd", "journalctl", "sudo", "apt ", "chmod", "chown", "timedatectl", "ls -la", "(df", "fuser", "logind"} {
					if strings.Contains(found+mend, word) && code != "service_no_systemd" {
						t.Errorf("%s: %s: %s -> %s", lang, code, found, mend)
					}
				}
			}
		}
	}
}
