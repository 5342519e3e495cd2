// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// Keys that are no letters.
const (
	keyEnter = '\r'
	keyEnd   = 3 // Ctrl-C, which a raw terminal does not turn into a signal
)

// choose finds the choice a person's input means: its number, its letter, or
// nothing for Enter. Enter takes the highlighted choice unless that closes
// programs: it is pressed too easily.
func choose(input string, choices []i18n.Choice) (string, bool) {
	for i, c := range choices {
		switch {
		case input == "" && c.Highlighted && c.Choice != apitypes.ChoiceKill,
			len(input) == 1 && input[0] == byte('1'+i),
			input != "" && strings.EqualFold(input, c.Key):
			return c.Choice, true
		}
	}
	return "", false
}

// keys turns the bytes of a terminal into keys. Control sequences (arrows,
// function keys, reports of the terminal) and pasted text are no keys: the right
// arrow ends in the letter C.
type keys struct {
	state   keyState
	last    time.Time // of the byte before
	params  string    // of the control sequence so far
	pasting bool
}

type keyState int

const (
	plain    keyState = iota
	escaped           // after ESC
	sequence          // after ESC [ or ESC O, until a final byte
)

// sequenceGap is how far apart the bytes of one control sequence can arrive;
// after it, ESC was the key alone.
const sequenceGap = 200 * time.Millisecond

// feed takes a byte and returns the key it completes, 0 if none: a lower-case
// letter, a digit, keyEnter or keyEnd.
func (k *keys) feed(b byte, at time.Time) byte {
	if k.state != plain && at.Sub(k.last) > sequenceGap {
		k.state = plain
	}
	k.last = at
	switch k.state {
	case escaped:
		k.state = plain
		if b == '[' || b == 'O' {
			k.state, k.params = sequence, ""
		}
		return 0
	case sequence:
		if b >= 0x40 && b <= 0x7e {
			k.state = plain
			switch k.params + string(b) {
			case "200~":
				k.pasting = true
			case "201~":
				k.pasting = false
			}
		} else if len(k.params) < 16 {
			k.params += string(b)
		}
		return 0
	}
	switch {
	case b == 0x1b:
		k.state = escaped
	case b == keyEnd:
		return keyEnd
	case k.pasting:
	case b == '\r', b == '\n':
		return keyEnter
	case b >= 'A' && b <= 'Z':
		return b + 'a' - 'A'
	case b >= 'a' && b <= 'z', b >= '0' && b <= '9':
		return b
	}
	return 0
}
