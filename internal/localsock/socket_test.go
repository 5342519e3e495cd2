// SPDX-License-Identifier: Apache-2.0

package localsock_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

func listen(t *testing.T, path string) *localsock.Listener {
	t.Helper()
	l, err := localsock.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// peers accepts connections and gives their peers; the connections stay open.
func peers(t *testing.T, l net.Listener) <-chan localsock.Peer {
	t.Helper()
	out := make(chan localsock.Peer, 2048)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p, ok := localsock.PeerFrom(localsock.ConnContext(context.Background(), c))
			if !ok {
				p.Owner = "nobody"
			}
			out <- p
			go func() { // until the other side goes
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}()
		}
	}()
	return out
}

func TestPeerFromElsewhere(t *testing.T) {
	if _, ok := localsock.PeerFrom(context.Background()); ok {
		t.Error("a context without a peer has one")
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, ok := localsock.PeerFrom(localsock.ConnContext(context.Background(), a)); ok {
		t.Error("a connection of another kind has a peer")
	}
}

// One user's flood takes that user's places and gives them back.
func TestFlood(t *testing.T) {
	path := place(t)
	got := peers(t, listen(t, path))
	var held []net.Conn
	for range 500 {
		c, err := localsock.Dial(t.Context(), path)
		if err != nil {
			continue // closed while we looked who it is
		}
		held = append(held, c)
	}
	refused := make(chan struct{}, len(held))
	for _, c := range held {
		go func() {
			_, _ = c.Read(make([]byte, 1)) // ends when either side closes
			refused <- struct{}{}
		}()
	}
	for range len(held) - localsock.PerOwner {
		<-refused
	}
	if n := len(got); n != localsock.PerOwner {
		t.Errorf("%d connections were let in, want %d", n, localsock.PerOwner)
	}
	for _, c := range held {
		c.Close()
	}
	for range localsock.PerOwner {
		<-got
	}
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) { // the places come back
		if c, err := localsock.Dial(t.Context(), path); err == nil {
			select {
			case <-got:
				c.Close()
				return
			case <-time.After(20 * time.Millisecond):
				c.Close()
			}
		}
	}
	t.Error("after the flood nobody gets in")
}

// A peer that has ended is not alive, whoever has its pid by now.
func TestPeerEnds(t *testing.T) {
	if os.Getenv("QUIETSETUP_TEST_DIAL") != "" {
		c, err := localsock.Dial(t.Context(), os.Getenv("QUIETSETUP_TEST_DIAL"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Read(make([]byte, 1)) // until killed
		return
	}
	path := place(t)
	got := peers(t, listen(t, path))
	child := exec.Command(os.Args[0], "-test.run=^TestPeerEnds$")
	child.Env = append(os.Environ(), "QUIETSETUP_TEST_DIAL="+path)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	p := <-got
	if p.PID != child.Process.Pid || !p.Alive() {
		t.Errorf("the peer is %+v, alive %v; want the child", p, p.Alive())
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for deadline := time.Now().Add(5 * time.Second); p.Alive(); {
		if time.Now().After(deadline) {
			t.Fatal("the peer still counts as alive")
		}
		time.Sleep(time.Millisecond)
	}
}
