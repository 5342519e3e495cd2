// SPDX-License-Identifier: Apache-2.0

// Package desktoptest is a desktop for tests: a real X11 display in memory with a
// window manager, a bus for the session, a keyboard and a camera.
//
// A display has 1024x768 pixels, the least that the dialogs must fit on. Nothing
// here waits for a fixed time: windows are looked for until they are there.
package desktoptest
