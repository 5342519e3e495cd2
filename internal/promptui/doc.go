// SPDX-License-Identifier: Apache-2.0

// Package promptui is the agent: the unprivileged program in a person's session
// that shows the daemon's windows and brings the answers back.
//
// The agent decides nothing. The daemon owns a window's deadline and what it
// does; the countdown on the screen is a courtesy. What the agent does own is an
// answer that was given: it is kept until the daemon has acknowledged it, through
// lost connections and restarts of the daemon.
//
// # Parts
//
// Run keeps up the connection, queues the windows and shows them one after the
// other. A Front puts one window on a screen: Desktop by a program of the desktop,
// Terminal and Line in a terminal. Every front takes its words from i18n, so that
// all say the same. Where nothing can be shown, the agent does not say hello and
// ends: the daemon must not believe that somebody can be asked.
//
// # Keys of a terminal
//
// A key answers only while its window is seen: what was typed before, or pasted,
// or comes as part of a control sequence, counts for nothing. Enter takes the
// highlighted choice, but never closes a program.
//
// # Buttons of a desktop
//
// A window on a desktop takes the keyboard away from somebody who is typing. So
// it is harder to close programs in it by accident than by will:
//
//   - The focus, which Enter and the blank press, is on what happens without an
//     answer. Where that is none of the choices it is on the most harmless one.
//   - In the first second nothing counts. The window comes again and says so.
//   - Where the focus is on closing programs, the button has to be pressed twice,
//     in two windows, for the same list.
//   - Esc and the window's own button are later, where later is offered. In a last
//     window they only hide it for a moment, to save one's work: at most a minute
//     and a third of what is left.
//   - A window that ends by itself (it crashed, it was killed) was answered by
//     nobody. It comes back three times; then the daemon hears that it cannot be
//     shown.
//   - A program that is added to the list makes the window as good as new.
//
// What stands on a button cannot change while it is shown. So all words of a
// window are those of one moment, and only the countdown runs.
package promptui
