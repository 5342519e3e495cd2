// SPDX-License-Identifier: Apache-2.0

package installer

import "fmt"

// CheckCommand returns nil if a command could be started from the package's
// folder now: argv[0] is found as an attempt would find it, and is a file that
// can be run. It starts nothing, and what it found may change until the start.
func CheckCommand(folder string, argv []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return fmt.Errorf("%w: there is no command", ErrSpec)
	}
	_, err := resolve(folder, argv[0])
	return err
}
