// SPDX-License-Identifier: Apache-2.0

// Package e2ewindows tests the Windows binaries as they are shipped, under Wine:
// real windows, services, pipes, registry and installers. It holds tests only, and
// next to it two Windows programs: one that people have open and one that installs.
//
// A test that asks the daemon does it with quietsetup.exe, as an admin does, or
// reads the journal on the machine's disk.
package e2ewindows
