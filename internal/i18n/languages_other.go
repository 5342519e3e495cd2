// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package i18n

// systemLanguages is empty: the environment says it all.
func systemLanguages() []string { return nil }
