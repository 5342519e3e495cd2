// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// Server is whom a source talks to; [Client] is one.
type Server interface {
	// HostID is the name of this client at the server.
	HostID() string
	// Do makes calls in one request.
	Do(ctx context.Context, calls ...*Call) error
	// Wait waits until the server may be asked.
	Wait(ctx context.Context) error
}

// Parts are what a source works with.
type Parts struct {
	Server Server
	Style  func() Style // of the progress in reports; nil = reason
	// Gather is how long a report waits for others to go with it; 0 = 200 ms.
	Gather time.Duration
	// Folder is a private one where it is kept what the server set, for a start while
	// the server is away; "" = nothing is kept.
	Folder string
	// Scripted tells whether opsi-script was started for the run that a report is
	// about, so that the row is its; nil = never.
	Scripted func(events.Report) bool
	// Warn is told what is wrong and stops nothing, one line; nil = nobody.
	Warn func(product, line string)
}

// ErrClosed: the source is not in use any more.
var ErrClosed = errors.New("the source is closed")

// Source is a source of requests behind a server. It is safe for use by many.
type Source struct {
	parts Parts
	ctx   context.Context // ends with Close
	end   context.CancelFunc
	held  chan struct{} // holds one token while rows are read or written
	desk  desk
	log   instlog

	mu    sync.Mutex
	depot string          // as last seen; "" = not yet
	plan  *plan           // of the last look, nil = none yet
	said  map[string]bool // warnings of the last look
	set   map[string]Setting
	// properties of products that were wanted in the last look, by product and name.
	properties map[string]map[string][]any
	lost       map[string]lostReport // by product
	kept       bool                  // set and lost are in the file
	// offered is what the depot had when something was last wanted.
	offered offers
}

// New makes a source. It asks the server nothing yet, and knows what the server had
// set when it was last asked.
func New(parts Parts) *Source {
	if parts.Style == nil {
		parts.Style = func() Style { return StyleReason }
	}
	if parts.Gather <= 0 {
		parts.Gather = 200 * time.Millisecond
	}
	if parts.Warn == nil {
		parts.Warn = func(string, string) {}
	}
	if parts.Scripted == nil {
		parts.Scripted = func(events.Report) bool { return false }
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Source{parts: parts, ctx: ctx, end: end, held: make(chan struct{}, 1), lost: map[string]lostReport{}, kept: true}
	s.remember()
	return s
}

// Close ends the use of the source. Reports on their way are given up; they will
// be sent again.
func (s *Source) Close() error {
	s.desk.shut()
	s.end()
	s.desk.busy.Wait()
	return nil
}

// hold keeps everybody else from reading or writing rows until release is called.
func (s *Source) hold(ctx context.Context) (release func(), err error) {
	select {
	case s.held <- struct{}{}:
		return func() { <-s.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Poll looks what the server wants and hands it to take. Until take has returned
// no report is written: rows read before a report must not be brought in after
// it. While the server should be left alone the error is ErrWaiting.
func (s *Source) Poll(ctx context.Context, take func(Wanted) error) error {
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	w, err := s.look(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the requests: %w", err)
	}
	return take(w)
}

// Place tells what is wrong with the place of a product in the order of the last
// look, nil if nothing is.
func (s *Source) Place(id string) *events.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plan == nil {
		return nil
	}
	return s.plan.problem(id)
}

// PollPause is how long to wait between two looks: what the site wants and up to
// half of it more, ten to fifteen minutes as a rule, so that on a day with updates
// for all the clients of a site do not come at once.
func PollPause(every time.Duration, random float64) time.Duration {
	return every + time.Duration(random*float64(every/2))
}
