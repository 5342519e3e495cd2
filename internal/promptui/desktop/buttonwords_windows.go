// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The system's own buttons, as MB_GetString counts them.
const (
	wordCancel = 1
	wordYes    = 5
	wordNo     = 6
)

// buttonWord is what the system calls one of its buttons: its language need not be
// the one the dialogs are in. Where it does not tell, which it does from Windows
// Vista on and not under Wine, the button is called otherwise.
func buttonWord(number int, otherwise string) string {
	ask := user32.NewProc("MB_GetString")
	if ask.Find() != nil {
		return otherwise
	}
	word, _, _ := ask.Call(uintptr(number))
	if word == 0 {
		return otherwise
	}
	if w := bareWord(windows.UTF16PtrToString(*(**uint16)(unsafe.Pointer(&word)))); w != "" {
		return w
	}
	return otherwise
}

// bareWord takes the mark of a button's key out of its word: "&Ja", "是(&Y)".
func bareWord(s string) string {
	if before, after, found := strings.Cut(s, "(&"); found && strings.HasSuffix(after, ")") {
		return strings.TrimSpace(before)
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "&", ""))
}
