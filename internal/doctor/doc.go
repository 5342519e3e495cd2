// SPDX-License-Identifier: Apache-2.0

// Package doctor looks at everything quietsetup needs on a machine and says what
// is wrong and how it is mended.
//
// Each check is a small function that looks at the machine through interfaces
// and returns findings: a code, which decides how bad it is, and the facts of
// the case. Words are found for the codes elsewhere. A check needs no daemon, no
// root and no systemd: what it could not see is a finding, too.
//
// All checks run at once and each has a limit. What is looked at may lie on a
// file system that answers nothing any more, so a check that does not come back
// is left behind and said to have taken too long.
package doctor
