// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// confName is the name of opsiclientd's configuration.
const confName = "opsiclientd.conf"

// hostKey is the key of this client.
const hostKey = "0123456789abcdef0123456789abcdef"

// double plays opsiclientd's service, built from the protocol's facts:
// TLS with a certificate of its own making, Basic login with a cookie, a block after
// five failures in two minutes, the list of its methods, and showDialog, which answers
// when a button was pressed, its time is over, or a newer dialog came.
type double struct {
	t         *testing.T
	dir, conf string
	cert      tls.Certificate
	wires     chan net.Conn // connections to accept
	real      bool          // the test has no time of its own

	mu       sync.Mutex
	methods  string // answer to backend_getInterface
	status   int    // of every answer, if it is not 0
	result   string // of every dialog at once, if it is not ""
	answer   string // whole body in the place of every dialog's; "cut" and "hang" are what they say
	calls    []string
	failures []time.Time
	heard    bytes.Buffer // all that came after TLS
	current  *shown

	dialogs chan *shown // as they come
}

// shown is a dialog on the screen.
type shown struct {
	Title, Message string
	Timeout        int
	Buttons        []map[string]any

	pressed chan string
	newer   chan struct{}
	gone    <-chan struct{} // the caller has gone
}

const interfaceList = `[{"name":"backend_info","params":[]},{"name":"fireEvent","params":["name","*can_cancel","*event_info"]},` +
	`{"name":"showDialog","params":["title","message","timeout","buttons"],"args":["self","title","message","timeout","buttons"],"defaults":null}]`

// newDouble writes the files of an opsiclientd and plays its service on connections
// that are pipes, so that a test has its own time.
func newDouble(t *testing.T) *double {
	t.Helper()
	d := &double{t: t, dir: t.TempDir(), methods: interfaceList, wires: make(chan net.Conn), dialogs: make(chan *shown, 16)}
	d.conf = filepath.Join(d.dir, confName)
	d.write(confName, "[global]\nhost_id = pc1.site.test\n[control_server]\nport = 4441\n")
	var text []byte
	d.cert, text = certificate(t)
	d.write("opsiclientd.pem", string(text))
	l := &wire{conns: d.wires, end: make(chan struct{})}
	d.serveOn(l, d.cert)
	return d
}

func (d *double) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// certificate makes one as opsiclientd does, with its key in one text.
func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pc1.site.test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text
}

// wire is a listener of pipes.
type wire struct {
	conns <-chan net.Conn
	end   chan struct{}
	once  sync.Once
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.end:
		return nil, net.ErrClosed
	}
}
func (w *wire) Close() error   { w.once.Do(func() { close(w.end) }); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }

// serveOn answers connections with a certificate.
func (d *double) serveOn(l net.Listener, cert tls.Certificate) {
	s := &http.Server{Handler: d, ErrorLog: log.New(io.Discard, "", 0)}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}))
	}()
	d.t.Cleanup(func() {
		if !d.real {
			time.Sleep(time.Hour) // of the test's own time: until dialogs without a caller and their connections have gone
		}
		_ = s.Close()
		<-over
	})
}

// buffered is an end of a pipe that keeps no writer waiting, as a real connection's
// does not: both ends of TLS may take leave at once, and hold locks meanwhile.
type buffered struct {
	net.Conn
	mu     sync.Mutex
	closed bool
	queue  chan []byte
}

func newBuffered(c net.Conn) *buffered {
	b := &buffered{Conn: c, queue: make(chan []byte, 1<<12)}
	go func() {
		for text := range b.queue {
			_, _ = c.Write(text)
		}
		_ = c.Close()
	}()
	return b
}

func (b *buffered) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, net.ErrClosed
	}
	select {
	case b.queue <- bytes.Clone(text):
		return len(text), nil
	default:
		return 0, errors.New("too much is on its way")
	}
}

func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.queue)
		_ = b.Conn.SetReadDeadline(time.Now())
		_ = b.Conn.SetWriteDeadline(time.Now().Add(10 * time.Second)) // for what is on its way
	}
	return nil
}

func (b *buffered) SetDeadline(t time.Time) error    { return b.SetReadDeadline(t) }
func (b *buffered) SetWriteDeadline(time.Time) error { return nil }

// dial is the front's way to the pipes.
func (d *double) dial(ctx context.Context, port int) (net.Conn, error) {
	if port != 4441 {
		return nil, fmt.Errorf("nobody listens on %d", port)
	}
	here, there := net.Pipe()
	select {
	case d.wires <- newBuffered(there):
		return newBuffered(here), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "opsiclientd 4.3.9.1")
	d.mu.Lock()
	_ = r.Header.Write(&d.heard)
	status := d.status
	d.mu.Unlock()
	if status != 0 {
		http.Error(w, "no", status)
		return
	}
	if code := d.login(r); code != 0 {
		http.Error(w, "not authorized", code)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "opsiclientd-session", Value: "x"})
	if r.URL.Path != "/opsiclientd" || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, "gzip", http.StatusBadRequest)
			return
		}
		body = z
	}
	var call struct {
		ID     json.RawMessage
		Method string
		Params []json.RawMessage
	}
	if err := json.NewDecoder(body).Decode(&call); err != nil {
		http.Error(w, "json", http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	d.calls = append(d.calls, call.Method)
	d.mu.Unlock()
	// The body is read; now the server notices when the caller goes.
	give := func(result string) {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s,"error":null}`, call.ID, result)
	}
	switch call.Method {
	case "backend_getInterface":
		d.mu.Lock()
		defer d.mu.Unlock()
		give(d.methods)
	case "showDialog":
		s := &shown{pressed: make(chan string, 1), newer: make(chan struct{}), gone: r.Context().Done()}
		for i, to := range []any{&s.Title, &s.Message, &s.Timeout, &s.Buttons} {
			if len(call.Params) != 4 || json.Unmarshal(call.Params[i], to) != nil {
				fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":null,"error":{"message":"wrong parameters","class":"TypeError"}}`, call.ID)
				return
			}
		}
		d.show(w, s, give)
	default:
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":null,"error":"Method not found"}`, call.ID)
	}
}

// login returns 0, 401 or 403.
func (d *double) login(r *http.Request) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.failures) > 0 && time.Since(d.failures[0]) > 2*time.Minute {
		d.failures = d.failures[1:]
	}
	if len(d.failures) >= 5 {
		return http.StatusForbidden
	}
	name, key, ok := r.BasicAuth()
	if !ok || key != hostKey || name != "" && strings.Count(name, ".") < 2 {
		d.failures = append(d.failures, time.Now())
		return http.StatusUnauthorized
	}
	return 0
}

func (d *double) show(w http.ResponseWriter, s *shown, give func(string)) {
	d.mu.Lock()
	if d.current != nil {
		close(d.current.newer)
	}
	d.current = s
	result, answer := d.result, d.answer
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.current == s {
			d.current = nil
		}
	}()
	d.dialogs <- s
	switch answer {
	case "cut":
		panic(http.ErrAbortHandler)
	case "hang":
		<-s.gone
		return
	}
	if answer != "" {
		_, _ = io.WriteString(w, answer)
		return
	}
	if result != "" {
		give(result)
		return
	}
	t := time.NewTimer(time.Duration(s.Timeout) * time.Second)
	defer t.Stop()
	// A dialog outlives its caller.
	select {
	case id := <-s.pressed:
		for _, b := range s.Buttons {
			if b["id"] == id {
				text, _ := json.Marshal(b)
				give(fmt.Sprintf(`{"action":%q,"button_pressed":%s,"timed_out":false,"canceled":false}`, id, text))
			}
		}
	case <-t.C:
		action := "null"
		for _, b := range s.Buttons {
			if b["default"] == true {
				action = fmt.Sprintf("%q", b["id"])
			}
		}
		give(`{"action":` + action + `,"button_pressed":null,"timed_out":true,"canceled":false}`)
	case <-s.newer:
		give(`{"action":null,"button_pressed":null,"timed_out":false,"canceled":true}`)
	}
}

// press presses the button whose id begins so.
func (s *shown) press(t *testing.T, begins string) {
	t.Helper()
	for _, b := range s.Buttons {
		if id := b["id"].(string); strings.HasPrefix(id, begins+"-") {
			s.pressed <- id
			return
		}
	}
	t.Errorf("there is no button %s among %v", begins, s.Buttons)
}

// called lists the methods that were called.
func (d *double) called() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.calls, " ")
}

func (d *double) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// people are those at the machine.
type people struct {
	mu sync.Mutex
	o  events.Observation
}

func (p *people) look(context.Context) events.Observation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.o
}

func (p *people) set(o events.Observation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o = o
}

// seen are sessions that were surely seen.
func seen(s ...events.Session) events.Observation {
	return events.Observation{SessionsKnown: true, Sessions: s}
}

var anna = events.Session{ID: "c2", Owner: "uid:1000", Kind: "graphical", IdleMS: -1, UnlockedMS: -1}

// rig is a front before the double.
type rig struct {
	*double
	front  *Front
	people *people
	key    string // of this client
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{double: newDouble(t), people: &people{o: seen(anna)}, key: hostKey}
	fits := func(string, fs.FileInfo) error { return nil }
	r.front = New(Options{Conf: r.conf, Unchanged: fits, Secret: fits, People: r.people.look, Program: "quietsetup/test",
		Credentials: func() (opsi.Credentials, error) {
			k, err := opsi.ParseKey(r.key)
			return opsi.Credentials{HostID: "pc1.site.test", Key: k}, err
		},
		Words: func(_ context.Context, p apitypes.Prompt) (apitypes.Words, error) {
			w := apitypes.Words{Title: "Title", Intro: "Intro.", Left: "Left: " + apitypes.CountdownMark}
			for _, q := range p.Programs {
				w.Programs = append(w.Programs, q.Name)
			}
			for _, c := range p.Choices {
				w.Choices = append(w.Choices, apitypes.WordedChoice{Choice: c, Label: "label of " + c})
			}
			return w, nil
		}})
	r.front.dial = r.dial
	return r
}

func prompt() apitypes.Prompt {
	return apitypes.Prompt{ID: "app#1.1@c2", Nonce: "n", RemainingMS: 300_000, Choices: []string{"defer", "recheck", "kill"}, Default: "kill",
		Programs: []apitypes.Program{{Name: "app", Count: 1, OwnerIsYou: true, Path: "/opt/app"}}}
}

// outcome is what Show returned.
type outcome struct {
	choice string
	err    error
}

// asks shows a prompt beside the test.
func (r *rig) asks(ctx context.Context, p apitypes.Prompt) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		choice, err := r.front.Show(ctx, "c2", "uid:1000", p)
		out <- outcome{choice, err}
	}()
	return out
}
