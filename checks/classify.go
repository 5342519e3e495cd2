// SPDX-License-Identifier: Apache-2.0

package checks

import "github.com/quietsetup/quietsetup/events"

// Classify says what kind of program was found, and so whether it blocks. What
// is vital or a service stays so even where a package names it: such a name is
// the packager's mistake, and a machine without logins is worse than a
// deferred product.
func Classify(rules PathRules, p Program) events.Class {
	switch {
	case vital(rules, p):
		return events.ClassVital
	case p.Service:
		return events.ClassService
	case namedRule(p.Rule):
		return events.ClassNamed
	case p.Display == DisplayNone:
		return events.ClassBackground
	}
	return events.ClassWindow
}
