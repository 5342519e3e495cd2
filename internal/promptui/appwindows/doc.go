// SPDX-License-Identifier: Apache-2.0

// Package appwindows sees the windows of other programs in the session it runs
// in, and asks them to close. On Windows nothing outside of a session can do
// either.
//
// Asking is what the button in a window's frame does: WM_CLOSE is posted, and
// the program may save, ask its user, or refuse. Nothing is ended here, and
// nothing is waited for.
//
// A program is named by its number and its start, and both are looked at on an
// open handle, which keeps the number from going to another program meanwhile.
// Never asked are a program of another session, this one, and the one that shows
// the desktop and the task bar.
//
// Titles are private: they are for the eyes of who sits there, and go nowhere
// else.
package appwindows
