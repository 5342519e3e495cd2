// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"strings"
)

// ErrToken is returned for a token that cannot name a file.
var ErrToken = errors.New("not a token of an attempt")

// maxToken leaves room for the endings below in a file name of 255 bytes.
const maxToken = 200

// The files of one attempt, all in <state>/outcome.
const (
	endOutcome = ".json"    // what became of it
	endSpare   = ".spare"   // room on the disk for its last state
	endLog     = ".log"     // what the installer printed
	endReport  = ".report"  // the log of Windows Installer, until it is part of what was printed
	endWaiting = ".waiting" // what a running installer seems to wait for
	endBroken  = ".broken"  // an outcome that could not be read
	endTemp    = ".tmp"     // being written
)

// checkToken makes sure that a token is one plain file name on every platform.
// Tokens are letters, digits, dot, dash and underscore, and begin with a letter
// or digit.
func checkToken(token string) error {
	if token == "" || len(token) > maxToken {
		return fmt.Errorf("%w: %d bytes, must be 1 to %d", ErrToken, len(token), maxToken)
	}
	for i := range len(token) {
		c := token[i]
		plain := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !plain && (i == 0 || c != '.' && c != '-' && c != '_') {
			return fmt.Errorf("%w: %.40q", ErrToken, token)
		}
	}
	first, _, _ := strings.Cut(token, ".")
	if deviceName(first) {
		return fmt.Errorf("%w: %q begins with the name of a device", ErrToken, token)
	}
	return nil
}

// deviceName reports whether Windows takes a file of this name for a device.
func deviceName(s string) bool {
	s = strings.ToLower(s)
	switch s {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(s) == 4 && (strings.HasPrefix(s, "com") || strings.HasPrefix(s, "lpt")) && '0' <= s[3] && s[3] <= '9'
}
