// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"net/http"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// handler answers one request of a known peer.
type handler func(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error

// look is for routes that every local user may use.
func (s *server) look(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		peer, ok := localsock.PeerFrom(r.Context())
		if !ok || peer.Owner == "" {
			s.fail(w, r, &apitypes.Error{Code: apitypes.CodeForbidden, Message: "it is not known who calls"})
			return
		}
		if err := h(w, r, peer); err != nil {
			s.fail(w, r, err)
		}
	}
}

// order is for routes that only those may use who could do it without us.
func (s *server) order(h handler) http.HandlerFunc {
	return s.look(func(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
		if !s.trusted(peer) {
			return &apitypes.Error{
				Code:    apitypes.CodeForbidden,
				Message: peer.Owner + " may look, but not change anything",
				Hint:    "run it as root, or as the user the service runs as",
			}
		}
		return h(w, r, peer)
	})
}

// trusted peers may order, and see private parts.
func (s *server) trusted(p localsock.Peer) bool { return p.Admin || p.Owner == s.Owner }
