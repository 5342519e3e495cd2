// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import "os"

func defaultState() string { return "/var/lib/quietsetup" }

// privileged reports whether this process may look after everybody's programs.
func privileged() bool { return os.Geteuid() == 0 }

// makeState makes a private folder, as the store does.
func makeState(dir string) error { return os.MkdirAll(dir, 0o700) }
