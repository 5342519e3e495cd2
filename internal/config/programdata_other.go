// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package config

// ProgramData is where Windows has the folder of all programs' data.
func ProgramData() string { return `C:\ProgramData` }
