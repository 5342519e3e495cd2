// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

func defaultState() string { return "/var/lib/quietsetup" }
