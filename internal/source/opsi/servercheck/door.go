// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// door is the connection to the server. It is made once, looked at, and then used
// for all requests; it keeps the headers of the answers.
type door struct {
	conn      net.Conn // made and not used yet
	tls       *tls.Config
	transport *http.Transport

	mu      sync.Mutex
	answers []answered
}

// answered is what the head of an answer says.
type answered struct {
	at     time.Time
	header http.Header
}

// RoundTrip sends a request and keeps the head of its answer.
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.transport.RoundTrip(req)
	if err == nil {
		d.mu.Lock()
		d.answers = append(d.answers, answered{time.Now(), resp.Header})
		d.mu.Unlock()
	}
	return resp, err
}

// last is the head of the last answer.
func (d *door) last() (answered, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.answers) == 0 {
		return answered{}, false
	}
	return d.answers[len(d.answers)-1], true
}

// take gives the connection that was looked at; the second one who asks gets none.
func (d *door) take() net.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.conn
	d.conn = nil
	return c
}

func (d *door) close() {
	if c := d.take(); c != nil {
		_ = c.Close()
	}
	if d.transport != nil {
		d.transport.CloseIdleConnections()
	}
}

// refusedOnWindows is what Windows says when nobody listens (WSAECONNREFUSED);
// syscall.ECONNREFUSED is a number of Go's own there.
const refusedOnWindows = syscall.Errno(10061)

// reach connects to the server and says nothing yet.
func (v *visit) reach(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(v.Patience, 10*time.Second))
	defer cancel()
	host := v.base.Host
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err == nil {
		v.door = &door{conn: conn}
		v.say("reach_ok", data{"Host": host, "IP": conn.RemoteAddr().String()})
		return true
	}
	d := data{"Host": host, "Name": v.base.Hostname(), "Port": v.base.Port(), "Error": err.Error()}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && !dns.IsTimeout:
		v.say("reach_name", d)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, refusedOnWindows):
		v.say("reach_refused", d)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		v.say("reach_slow", d)
	default:
		v.say("reach_failed", d)
	}
	return false
}

// handshake makes the connection one that can be trusted, or says why it is not.
// There is one handshake, and what the other end shows is judged as the daemon
// judges it.
func (v *visit) handshake(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(v.Patience, 10*time.Second))
	defer cancel()
	v.door.tls = &tls.Config{RootCAs: v.roots, ServerName: v.base.Hostname(), MinVersion: tls.VersionTLS12, Time: v.Now}
	conn := tls.Client(v.door.take(), v.door.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		v.untrusted(err)
		return false
	}
	v.trusted(conn.ConnectionState())
	v.door.conn = conn
	v.door.transport = &http.Transport{
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if c := v.door.take(); c != nil {
				return c, nil
			}
			// The server closed the first one between two requests.
			return (&tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: v.door.tls}).DialContext(ctx, network, addr)
		},
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        1,
	}
	return true
}
