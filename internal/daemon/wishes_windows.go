// SPDX-License-Identifier: Apache-2.0

package daemon

import "github.com/quietsetup/quietsetup/internal/opsiscript"

// wishes is where opsi-script leaves what scripts want of the machine.
func wishes() opsiscript.Wishes { return opsiscript.Key(opsiscript.HandOver) }
