// SPDX-License-Identifier: Apache-2.0

package host

// Power is where the machine's power comes from.
type Power struct {
	Battery bool // it has one
	Mains   bool // it runs on mains, or nothing says that it does not
	Percent int  // of the battery, -1 = not known
}
