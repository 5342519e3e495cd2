// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"net/http"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// readOrder reads an order for the product of the path and checks its form.
func readOrder(w http.ResponseWriter, r *http.Request) (product string, o apitypes.Order, err error) {
	product = r.PathValue("id")
	if err := productID(product); err != nil {
		return "", o, err
	}
	if err := read(w, r, &o); err != nil {
		return "", o, err
	}
	return product, o, reason(o.Reason)
}

func (s *server) request(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	product, o, err := readOrder(w, r)
	if err != nil {
		return err
	}
	action := events.Action(o.Action)
	if !slices.Contains(events.Actions(), action) {
		return bad("%.40q is no action that can be requested", o.Action)
	}
	done, err := s.Operator.Request(r.Context(), peer.Owner, product, action, o.Alone, o.Reason)
	if err != nil {
		return err
	}
	return write(w, done)
}

func (s *server) cancel(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	product, o, err := readOrder(w, r)
	if err != nil {
		return err
	}
	done, err := s.Operator.Cancel(r.Context(), peer.Owner, product, o.Reason)
	if err != nil {
		return err
	}
	return write(w, done)
}

func (s *server) sync(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	var o apitypes.SyncOrder
	if err := read(w, r, &o); err != nil {
		return err
	}
	v, err := s.Operator.Sync(r.Context(), peer.Owner, o.DryRun)
	if err != nil {
		return err
	}
	return write(w, v)
}

// put submits an input about the product of the path.
func (s *server) put(input func(product, reason string) events.Input) handler {
	return func(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
		product, o, err := readOrder(w, r)
		if err != nil {
			return err
		}
		return s.submit(w, r, peer, input(product, o.Reason))
	}
}

// all submits an input about everything, or about the product in the body.
func (s *server) all(input func(product, reason string) events.Input) handler {
	return func(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
		var o apitypes.Order
		if err := read(w, r, &o); err != nil {
			return err
		}
		if o.Product != "" {
			if err := productID(o.Product); err != nil {
				return err
			}
		}
		if err := reason(o.Reason); err != nil {
			return err
		}
		return s.submit(w, r, peer, input(o.Product, o.Reason))
	}
}

func (s *server) submit(w http.ResponseWriter, r *http.Request, peer localsock.Peer, in events.Input) error {
	done, err := s.Operator.Submit(r.Context(), peer.Owner, in)
	if err != nil {
		return err
	}
	return write(w, done)
}
