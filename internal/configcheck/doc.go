// SPDX-License-Identifier: Apache-2.0

// Package configcheck looks at a config file and at what it leads to, and finds
// what an administrator should know before the service does.
//
// It reads as the service reads: the same file, the same packages, the same
// rules. What would keep the service from starting, or a product from being
// used, is an error; what counts and is probably not meant is a warning. Findings
// are data with the place of each. Words for them has the command line.
//
// Nothing is changed, and no daemon is asked.
package configcheck
