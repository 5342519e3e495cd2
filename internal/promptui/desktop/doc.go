// SPDX-License-Identifier: Apache-2.0

// Package desktop shows a dialog by what the desktop brings: zenity or else
// kdialog on Linux, task dialogs or else plain boxes on Windows. It knows nothing
// of prompts; what a button means is its caller's affair.
//
// The program is a child with an argument vector of its own, never a shell. It
// ends with this process, whatever ends that (parent.go).
//
// # zenity
//
// The dialog is zenity's progress window, the only one whose text can change
// while it is shown. What was found out about it:
//
//   - 100 has to be written first, once: it enables the OK button and gives it
//     the focus. Written again it would take the focus from wherever the person
//     has moved it, so the bar is never full afterwards.
//   - Standard input stays open as long as the window: its end disables buttons.
//   - The Cancel button is not used. Esc, the window's own button and Cancel are
//     the same in some versions, and none of them may mean what a person did not
//     choose. All but OK are extra buttons: zenity prints their label.
//   - ZENITY_OK and ZENITY_ESC give OK and Esc codes of their own. Whatever else
//     it exits with, 1 above all, comes from no button: it crashed, or its
//     display went away.
//   - Text: a new line is written as \n, a backslash as \\. Version 3 shows what
//     is left as it is; version 4 reads it as Pango markup, and & < > are escaped.
//   - A window stays where it was put when its text grows, and then hangs out of
//     the screen. So the text is an argument too, and it is put where it fits.
//   - Under a locale that is not UTF-8, or not installed, it refuses arguments
//     beyond ASCII, and with them all. It is then given one that works.
//   - --window-icon is known to version 3 only.
//
// # kdialog
//
// Its text stands still, and Esc is its third button. So that one is never a
// choice: it hides the window for a moment.
//
// # Windows
//
// There the dialog is the system's task dialog, in this process and on a thread of
// its own; plain boxes stand in where there is none. What is to change waits for
// the dialog's timer, so nothing is sent to it from another thread. The choices
// are command links, whose long labels have room. A letter presses a button only
// together with Alt.
//
// # What counts as shown
//
// zenity reads its input only after it has opened the display and its window. So
// a text counts as shown when the child has emptied the pipe. kdialog reads
// nothing: it counts as shown when it has been alive for a second.
//
// # Around the dialog
//
// Notes are notifications of the desktop, a hint beside the window, never the
// question itself: desktops hide them after seconds or show no buttons. Place
// finds out whether there is a display, and when the session is over. Names finds
// what people call a program.
package desktop
