// SPDX-License-Identifier: Apache-2.0

// Package needs says what a test needs of the machine it runs on.
//
// A test that needs a tool, root or Linux asks here, and nowhere else. On a
// developer's machine a missing need skips the test with a reason. On a machine
// that is meant to have everything, the environment says QUIETSETUP_CI=1 and a
// missing need fails the test: a test that quietly no longer runs proves nothing.
package needs
