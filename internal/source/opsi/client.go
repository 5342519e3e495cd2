// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of one request.
const (
	defaultTimeout = 5 * time.Minute // as opsi's own clients
	maxAnswer      = 32 << 20        // bytes, unpacked; a thousand rows have half a megabyte
	packFrom       = 1 << 10         // bytes of a body that are worth packing
	cookieName     = "opsiconfd-session"
	// keepSession is in seconds, and enough for the requests of a round. A server has
	// thirty sessions for an address, behind which a whole house may be, and refuses
	// the next; the key goes along with each request anyway.
	keepSession = "15"
)

// Options are what a client works with.
type Options struct {
	Server      string // https://server:4447, also with /rpc
	Credentials Credentials
	Roots       *x509.CertPool // whom to trust; nil = what the system trusts
	Program     string         // what the server writes in its log as User-Agent
	// Timeout ends a request; 0 = five minutes.
	Timeout time.Duration
	// Random is in [0,1) and keeps clients apart; nil = chance.
	Random func() float64
	// Transport carries requests; nil = a connection of its own, verified with Roots.
	Transport http.RoundTripper
	Path      string // where the methods are; "" = rpc
	Most      int    // bytes of an answer, unpacked; 0 = what a large site's rows need
}

// Client calls methods of a server. It is safe for use by many.
type Client struct {
	opt  Options
	base *url.URL
	http *http.Client
	gate gate
	most int // bytes of an answer

	mu     sync.Mutex
	cookie string
	plain  bool // the server could not read a packed body
	seen   Seen
}

// Seen is what the server says of itself beside its answers.
type Seen struct {
	Version string // 4.3.24.1; "" = it said none that can be read
	Role    string // configserver or depotserver
	HostID  string // who we are to the server, if that is not the name we gave
	// Ahead is how far the server's clock is ahead of ours, to a second.
	Ahead time.Duration
	At    time.Time // of the answer; zero = there was none
}

// NewClient makes a client. It connects to nobody yet.
func NewClient(opt Options) (*Client, error) {
	base, err := baseURL(opt.Server)
	if err != nil {
		return nil, err
	}
	if err := CheckHostID(opt.Credentials.HostID); err != nil {
		return nil, err
	}
	if opt.Credentials.Key.IsZero() {
		return nil, fmt.Errorf("%w: there is no key", ErrCredentials)
	}
	if opt.Timeout <= 0 {
		opt.Timeout = defaultTimeout
	}
	if opt.Random == nil {
		opt.Random = rand.Float64
	}
	if opt.Program == "" {
		opt.Program = "quietsetup"
	}
	if opt.Transport == nil {
		opt.Transport = newTransport(&tls.Config{RootCAs: opt.Roots, MinVersion: tls.VersionTLS12})
	}
	if opt.Path == "" {
		opt.Path = "rpc"
	}
	return &Client{opt: opt, base: base, gate: gate{random: opt.Random}, most: cmp.Or(opt.Most, maxAnswer),
		http: &http.Client{Transport: opt.Transport, Timeout: opt.Timeout, CheckRedirect: noRedirect}}, nil
}

// HostID is the name of this client at the server.
func (c *Client) HostID() string { return c.opt.Credentials.HostID }

// Place is the server's address, for people.
func (c *Client) Place() string { return c.base.String() }

// Seen is what the last answer said of the server.
func (c *Client) Seen() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// Do makes all calls in one request. An error is about the request as a whole and
// has one of the classes; then no call has a result, though the server may have
// carried all of them out. With nil each call has its own Err.
//
// While the server should be left alone it is not asked: ErrWaiting.
func (c *Client) Do(ctx context.Context, calls ...*Call) error {
	if len(calls) == 0 {
		return nil
	}
	if err := c.gate.check(); err != nil {
		return err
	}
	body, err := encode(calls)
	if err != nil {
		return fmt.Errorf("cannot write the calls: %w", err)
	}
	reads := !slices.ContainsFunc(calls, func(c *Call) bool { return !c.Reads })
	for again := reads; ; again = false {
		begun := time.Now()
		answer, asked, err := c.post(ctx, body)
		if err == nil {
			err = decode(answer, calls)
		}
		if ctx.Err() != nil && errors.Is(err, ErrUnreachable) {
			return ctx.Err() // nobody's fault
		}
		var cut *cutError
		if again && errors.As(err, &cut) {
			continue // a connection that the server had closed meanwhile, most often
		}
		c.gate.note(begun, err, asked)
		if err != nil {
			return fmt.Errorf("cannot ask %s: %w", c.base.Host, err)
		}
		return nil
	}
}

// Wait waits until the server may be asked.
func (c *Client) Wait(ctx context.Context) error { return c.gate.wait(ctx) }

// Rest is how long the server should be left alone; 0 = it may be asked.
func (c *Client) Rest() time.Duration { return c.gate.rest() }

// Waiting is ErrWaiting with its reason while the server is left alone, else nil.
func (c *Client) Waiting() error { return c.gate.check() }

// Retry lets the next call through if the server was only not reached: somebody
// knows that it is there again. What the server itself asked for still counts.
func (c *Client) Retry() { c.gate.retry() }

// post sends a body and reads the answer; asked is what the server wants waited.
func (c *Client) post(ctx context.Context, body []byte) (text []byte, asked time.Duration, err error) {
	c.mu.Lock()
	packed := len(body) >= packFrom && !c.plain
	c.mu.Unlock()
	resp, text, err := c.send(ctx, body, packed)
	if err == nil && packed && resp.StatusCode == http.StatusBadRequest {
		// What could not be read was not carried out.
		if resp, text, err = c.send(ctx, body, false); err == nil && resp.StatusCode == http.StatusOK {
			c.mu.Lock()
			c.plain = true
			c.mu.Unlock()
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return text, retryAfter(resp.Header), statusError(resp, text)
}

func (c *Client) send(ctx context.Context, body []byte, packed bool) (*http.Response, []byte, error) {
	sent := body
	if packed {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(body)
		if err = errors.Join(err, w.Close()); err != nil {
			return nil, nil, fmt.Errorf("cannot pack the calls: %w", err)
		}
		sent = b.Bytes()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(c.opt.Path).String(), bytes.NewReader(sent))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if packed {
		req.Header.Set("Content-Encoding", "gzip")
	}
	c.sign(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, transportError(err)
	}
	defer resp.Body.Close()
	c.note(resp)
	text, err := io.ReadAll(io.LimitReader(resp.Body, int64(c.most)+1))
	if err != nil {
		return nil, nil, transportError(err)
	}
	if len(text) > c.most {
		return nil, nil, fmt.Errorf("%w: larger than %d bytes", ErrAnswer, c.most)
	}
	return resp, text, nil
}

// sign proves who asks. Both ways always: the server looks at the key only when
// it does not know the session any more.
func (c *Client) sign(req *http.Request) {
	req.Header.Set("User-Agent", c.opt.Program)
	req.Header.Set("X-Opsi-Session-Lifetime", keepSession)
	req.SetBasicAuth(c.opt.Credentials.HostID, c.opt.Credentials.Key.secret())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cookie != "" {
		req.AddCookie(&http.Cookie{Name: cookieName, Value: c.cookie})
	}
}

var serverVersion = regexp.MustCompile(`^opsi\D+([\d.]+)`)

// note keeps the session and what the server says of itself.
func (c *Client) note(resp *http.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cookie := sessionOf(resp); cookie != "" {
		c.cookie = cookie
	}
	h := resp.Header
	c.seen = Seen{Role: line(h.Get("X-Opsi-Server-Role")), At: time.Now().UTC()}
	if m := serverVersion.FindStringSubmatch(h.Get("Server")); m != nil {
		c.seen.Version = line(m[1])
	}
	if id := line(h.Get("X-Opsi-New-Host-Id")); id != c.HostID() {
		c.seen.HostID = id
	}
	if unix, err := strconv.ParseInt(h.Get("X-Date-Unix-Timestamp"), 10, 64); err == nil {
		c.seen.Ahead = time.Unix(unix, 0).Sub(c.seen.At.Truncate(time.Second))
	}
}

// sessionOf is the session that an answer names, "" = none.
func sessionOf(resp *http.Response) (cookie string) {
	for _, k := range resp.Cookies() {
		if k.Name == cookieName && len(k.Value) <= 128 {
			cookie = k.Value
		}
	}
	return cookie
}

// Close ends the session at the server, if it answers soon.
func (c *Client) Close() error {
	c.mu.Lock()
	open := c.cookie != ""
	c.mu.Unlock()
	defer c.http.CloseIdleConnections()
	if !open || c.gate.check() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("session", "logout").String(), nil)
	if err != nil {
		return fmt.Errorf("cannot log out: %w", err)
	}
	c.sign(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil // the session ends by itself
	}
	return resp.Body.Close()
}

// Address reads a server's address as opsi's own files have it, with or without
// /rpc, and gives that of the server alone, always with a port.
func Address(s string) (*url.URL, error) { return baseURL(s) }

// baseURL takes an address as opsi's own files have it, with or without /rpc.
func baseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		var about *url.Error
		if errors.As(err, &about) {
			err = about.Err // the address itself may hold a key
		}
		return nil, fmt.Errorf("cannot use the server's address: %w", err)
	}
	switch {
	case u.User != nil, strings.Contains(s, "@"):
		return nil, errors.New("cannot use the server's address: name and key do not belong into it") // not shown
	case u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("cannot use the server's address %q: it must be like https://server.example.org:4447", line(s))
	case u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" && strings.Trim(u.Path, "/") != "rpc":
		return nil, fmt.Errorf("cannot use the server's address %q: nothing may stand behind the host but /rpc", line(s))
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "4447")
	}
	return &url.URL{Scheme: "https", Host: host}, nil
}

// newTransport makes connections that wait for nobody for ever. No proxy stands
// between a client and its config server.
func newTransport(c *tls.Config) *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        c,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        4,
		IdleConnTimeout:        time.Minute,
		ExpectContinueTimeout:  time.Second,
	}
}

// noRedirect follows nobody: the key is for one server alone.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
