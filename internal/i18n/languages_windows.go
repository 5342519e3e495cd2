// SPDX-License-Identifier: Apache-2.0

package i18n

import "golang.org/x/sys/windows"

// systemLanguages asks the system, which has no such environment.
func systemLanguages() []string {
	names, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil {
		return nil // English then
	}
	return names
}
