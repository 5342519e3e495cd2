// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// writeWithin is how long a reader may leave a piece of an answer unread.
const writeWithin = 30 * time.Second

func (s *server) status(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	v, err := s.Views.Status(r.Context())
	if err != nil {
		return err
	}
	if !s.trusted(peer) {
		v = v.Redacted(peer.Owner)
	}
	return write(w, v)
}

func (s *server) products(w http.ResponseWriter, r *http.Request, _ localsock.Peer) error {
	v, err := s.Views.Products(r.Context())
	if err != nil {
		return err
	}
	return write(w, v)
}

func (s *server) product(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	id := r.PathValue("id")
	if err := productID(id); err != nil {
		return err
	}
	v, err := s.Views.Product(r.Context(), id)
	if err != nil {
		return err
	}
	if !s.trusted(peer) {
		v = v.Redacted()
	}
	return write(w, v)
}

func (s *server) processes(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	id := r.PathValue("id")
	if err := productID(id); err != nil {
		return err
	}
	v, err := s.Views.Processes(r.Context(), id)
	if err != nil {
		return err
	}
	if !s.trusted(peer) {
		v = v.Redacted(peer.Owner)
	}
	return write(w, v)
}

// log streams records as they lie on disk. Who is not trusted gets them without
// their private member; their sums are valid without it.
func (s *server) log(w http.ResponseWriter, r *http.Request, peer localsock.Peer) error {
	q := LogQuery{Product: r.PathValue("id"), Follow: r.FormValue("follow") == "1"}
	if q.Product != "" {
		if err := productID(q.Product); err != nil {
			return err
		}
	}
	if from := r.FormValue("from"); from != "" {
		n, err := strconv.ParseUint(from, 10, 64)
		if err != nil {
			return bad("%.40q is no sequence number", from)
		}
		q.From = n
	}
	rc := http.NewResponseController(w)
	if err := rc.SetReadDeadline(time.Time{}); err != nil { // the request is read; only its end is waited for
		return err
	}
	begun := false
	begin := func() {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", apitypes.MediaNDJSON)
			w.Header().Set("Trailer", apitypes.TrailerError)
			w.WriteHeader(http.StatusOK)
		}
	}
	if q.Follow {
		// A follower learns at once that it is connected, even if nothing is
		// there yet. What is wrong with the product shows before that.
		if q.Product != "" {
			if _, err := s.Views.Product(r.Context(), q.Product); err != nil {
				return err
			}
		}
		begin()
		if err := rc.Flush(); err != nil {
			return err
		}
	}
	err := s.Views.Log(r.Context(), q, func(line []byte) error {
		if !s.trusted(peer) {
			open, err := events.Redact(line)
			if err != nil {
				return err
			}
			line = open
		}
		begin()
		if err := rc.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		out := make([]byte, 0, len(line)+1)
		if _, err := w.Write(append(append(out, line...), '\n')); err != nil {
			return err
		}
		if q.Follow {
			return rc.Flush()
		}
		return nil
	})
	switch {
	case err != nil && !begun:
		return err
	case err != nil && r.Context().Err() == nil:
		w.Header().Set(apitypes.TrailerError, "the log breaks off")
		if s.Faults != nil {
			s.Faults(err)
		}
	}
	begin()
	return nil
}
