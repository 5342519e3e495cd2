// SPDX-License-Identifier: Apache-2.0

package installer

import "strings"

// An installer that asks something in a window that nobody sees never ends. Its
// supervisor notices and says so in a file beside the attempt's; it changes nothing
// about the attempt, and is taken back when the installer goes on.

// waiting reads what an installer seems to wait for, "" if it works.
func (f *folder) waiting(token string) string {
	text, err := f.read(token + endWaiting)
	if err != nil {
		return "" // it is for people: without it the attempt is as it was
	}
	return plain(strings.TrimSpace(string(text)))
}
