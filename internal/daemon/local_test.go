// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/source/local"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// hanging is a depot on a share whose server is gone.
type hanging struct{ mend chan struct{} }

func (h hanging) Reachable() error { <-h.mend; return nil }
func (h hanging) Load(id string) (metadata.Package, *events.Problem, error) {
	<-h.mend
	return metadata.Package{Package: events.Package{Product: id}}, nil, nil
}

// TestHungDepot: a depot that hangs is one that cannot be reached, and is used again
// when it is back.
func TestHungDepot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mend := make(chan struct{})
		d := patient{hanging{mend}, packages.NewPatience(patience)}
		began := time.Now()
		for range 3 {
			if err := d.Reachable(); !errors.Is(err, local.ErrDepotUnreachable) {
				t.Error(err)
			}
			if _, _, err := d.Load("app"); !errors.Is(err, local.ErrDepotUnreachable) {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != patience {
			t.Errorf("it was waited for for %v", took)
		}
		close(mend)
		synctest.Wait()
		if pkg, _, err := d.Load("app"); err != nil || pkg.Product != "app" {
			t.Errorf("%+v, %v", pkg, err)
		}
	})
}
