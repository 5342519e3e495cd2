// SPDX-License-Identifier: Apache-2.0

// Package config reads the config file of a machine.
//
// There is one file, quietsetup.toml, and it is small: where requests come from,
// what the site thinks of policy, where metadata is supplied or overridden, and
// how to log. Without a file the defaults count.
//
// Whatever is wrong is said with file, line and key, all at once, and nothing
// starts: a key that was misspelt and silently ignored is worse than a daemon
// that says why it did not start. One thing is milder: a policy key with a bad
// value counts as not written (see package policy), because the same file lies
// on thousands of machines and a weaker value is always there.
package config
