// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"testing"

	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// TestARefusalIsSaidOnce: the code is the word refused, which every client shows.
func TestARefusalIsSaidOnce(t *testing.T) {
	err := fmt.Errorf("%w: editor has no open request", fsm.ErrRefused)
	for known, code := range map[bool]string{true: apitypes.CodeRefused, false: apitypes.CodeNotFound} {
		var e *apitypes.Error
		if got := told(err, known); !errors.As(got, &e) || e.Code != code || e.Message != "editor has no open request" {
			t.Errorf("known %v: %+v", known, got)
		}
	}
}
