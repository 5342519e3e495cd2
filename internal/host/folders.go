// SPDX-License-Identifier: Apache-2.0

package host

// Folders are places of a Windows machine. What is empty is not known; on other
// systems nothing is.
type Folders struct {
	ProgramFiles    string // for programs of the machine's own kind
	ProgramFilesX86 string // for 32-bit programs; on a 32-bit Windows the same
	Windows, System string
	Profiles        string // below it the folders of people
	DefaultProfile  string
	Public          string
	ProgramData     string
	StartMenu       string // of all people, and what lies below it
	Programs        string
	Startup         string
	Desktop         string
}
