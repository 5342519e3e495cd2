// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"net/http"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

func (s *server) closed(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	var v apitypes.Closed
	if err := read(w, r, &v); err != nil {
		return err
	}
	if len(v.Programs) > apitypes.MaxClose {
		return bad("an order to close names at most %d programs", apitypes.MaxClose)
	}
	if err := s.Reports.Closed(r.Context(), peer, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) presence(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	var v apitypes.Presence
	if err := read(w, r, &v); err != nil {
		return err
	}
	if err := s.Reports.Presence(r.Context(), peer, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
