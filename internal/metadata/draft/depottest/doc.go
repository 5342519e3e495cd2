// SPDX-License-Identifier: Apache-2.0

// Package depottest makes a depot of package sources as admins have them: thirty
// that differ in what they install, how their scripts are written, and what is
// wrong with them.
//
// It is for tests only. The products, vendors and files are invented; installers
// are headers that hold what the real ones say of themselves, and nothing that
// could run.
package depottest
