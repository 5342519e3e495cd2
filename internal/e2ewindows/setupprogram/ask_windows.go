// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

const sizeOfEntry = unsafe.Sizeof(windows.ProcessEntry32{})

// ask shows a question and waits for its answer. An installer that runs unseen has
// no desktop that anybody sees, so it waits for ever.
func ask() error {
	text, err := windows.UTF16PtrFromString("Close all programs and press OK.")
	if err != nil {
		return err
	}
	title, err := windows.UTF16PtrFromString("Setup")
	if err != nil {
		return err
	}
	answer, err := windows.MessageBox(0, text, title, windows.MB_OK)
	return fmt.Errorf("somebody pressed %d: %w", answer, err)
}
