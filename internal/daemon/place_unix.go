// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import "path/filepath"

func defaultState() string { return "/var/lib/quietsetup" }

// socketIn is the socket of a state folder of its own.
func socketIn(dir string) string { return filepath.Join(dir, "api.sock") }
