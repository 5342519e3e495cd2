// SPDX-License-Identifier: Apache-2.0

package productid

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid is wrapped by every error of Check.
var ErrInvalid = errors.New("not a product id")

// maxLength is opsi's.
const maxLength = 128

// Check returns nil if id is a product's id: 1 to 128 characters of a-z, 0-9,
// dot, underscore and hyphen, as the package comment says.
func Check(id string) error {
	if id == "" {
		return fmt.Errorf("%w: it is empty", ErrInvalid)
	}
	if len(id) > maxLength {
		return fmt.Errorf("%w: longer than %d characters", ErrInvalid, maxLength)
	}
	for i := range len(id) {
		c := id[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || c != '.' && c != '_' && c != '-') {
			return fmt.Errorf("%w: %q holds a character that is not allowed there", ErrInvalid, id)
		}
	}
	if strings.HasSuffix(id, ".") {
		return fmt.Errorf("%w: %q ends with a dot, which Windows drops", ErrInvalid, id)
	}
	if base, _, _ := strings.Cut(id, "."); device(base) {
		return fmt.Errorf("%w: %q is a device name of Windows", ErrInvalid, id)
	}
	return nil
}

// device reports whether Windows takes the name, with any extension, for a device.
func device(base string) bool {
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(base) == 4 && (base[:3] == "com" || base[:3] == "lpt") && base[3] >= '0' && base[3] <= '9'
}
