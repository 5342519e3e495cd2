// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// PollFor is how long a Desk may let an agent wait for its next event.
const PollFor = 25 * time.Second

// maxPrompt bounds ids and nonces, whose form only Desk knows.
const maxPrompt = 512

func (s *server) hello(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	var h apitypes.Hello
	if err := read(w, r, &h); err != nil {
		return err
	}
	v, err := s.Desk.Hello(r.Context(), peer, h)
	if err != nil {
		return err
	}
	return write(w, v)
}

func (s *server) next(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	q := r.URL.Query()
	var after uint64
	if a := q.Get("after"); a != "" {
		n, err := strconv.ParseUint(a, 10, 64)
		if err != nil {
			return bad("%.40q is no cursor", a)
		}
		after = n
	}
	rc := http.NewResponseController(w)
	if err := rc.SetReadDeadline(time.Time{}); err != nil { // the request is read; only its end is waited for
		return err
	}
	if err := rc.SetWriteDeadline(time.Now().Add(PollFor + writeWithin)); err != nil {
		return err
	}
	v, err := s.Desk.Next(r.Context(), peer, q.Get("agent"), after)
	if err != nil {
		return err
	}
	return write(w, v)
}

func promptID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if id == "" || len(id) > maxPrompt {
		return "", bad("no prompt has such an id")
	}
	return id, nil
}

func (s *server) shown(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	id, err := promptID(r)
	if err != nil {
		return err
	}
	var v apitypes.Shown
	if err := read(w, r, &v); err != nil {
		return err
	}
	if err := s.Desk.Shown(r.Context(), peer, id, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) failed(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	id, err := promptID(r)
	if err != nil {
		return err
	}
	var v apitypes.Failed
	if err := read(w, r, &v); err != nil {
		return err
	}
	if err := s.Desk.Failed(r.Context(), peer, id, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	id, err := promptID(r)
	if err != nil {
		return err
	}
	var a apitypes.Answer
	if err := read(w, r, &a); err != nil {
		return err
	}
	v, err := s.Desk.Answer(r.Context(), peer, id, a)
	if err != nil {
		return err
	}
	return write(w, v)
}
