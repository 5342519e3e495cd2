// SPDX-License-Identifier: Apache-2.0

// Package sim is the seeded fake world: a machine, the people at it, the source
// of its requests, and everything that goes wrong there.
package sim
