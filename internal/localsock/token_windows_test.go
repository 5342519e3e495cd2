// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"errors"
	"testing"
)

// TestTwoLooksAgree: who opened the pipe must be who holds it. Wine lends the
// server's own token, so two that differ are shown here and on a real machine.
func TestTwoLooksAgree(t *testing.T) {
	first := Peer{Owner: "sid:S-1-5-21-1-2-3-1001", Session: "2", PID: 7}
	for name, c := range map[string]struct {
		second Peer
		want   error
	}{
		"the same":                    {Peer{Owner: first.Owner, Session: "2"}, nil},
		"a session that is not known": {Peer{Owner: first.Owner}, nil},
		"another user":                {Peer{Owner: "sid:S-1-5-18", Session: "2"}, ErrUnsafe},
		"no user":                     {Peer{Session: "2"}, ErrUnsafe},
		"more rights":                 {Peer{Owner: first.Owner, Session: "2", Admin: true}, ErrUnsafe},
		"another session":             {Peer{Owner: first.Owner, Session: "1"}, ErrUnsafe},
	} {
		if err := agree(first, c.second); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestTokenOfTheOtherEnd: the second look is taken with the first bytes, sees this
// process as the first one does, and the thread that took it lays the token down.
func TestTokenOfTheOtherEnd(t *testing.T) {
	l, err := Listen(`\\.\pipe\quietsetup-test-token`)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	took := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			took <- err
			return
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 1)); err != nil {
			took <- err
			return
		}
		mine := c.(*conn)
		second, err := tokenOf(mine.Conn)
		if err == nil {
			err = agree(mine.peer, second)
		}
		if err == nil && (second.Owner != Self() || second.Session == "") {
			err = errors.New("the token is of " + second.Owner + " in session " + second.Session)
		}
		took <- err
	}()
	c, err := Dial(t.Context(), `\\.\pipe\quietsetup-test-token`)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-took; err != nil {
		t.Error(err)
	}
}

// TestSecondLookRefuses: a connection whose second look sees somebody else gives
// nothing of what was sent.
func TestSecondLookRefuses(t *testing.T) {
	l, err := Listen(`\\.\pipe\quietsetup-test-other`)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var told error
	read := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			read <- err
			return
		}
		c.(*conn).second = func() error { return ErrUnsafe }
		c.(*conn).differs = func(err error) { told = err }
		b := make([]byte, 8)
		n, err := c.Read(b)
		if n != 0 || b[0] != 0 {
			err = errors.New("something was given")
		}
		read <- err
	}()
	c, err := Dial(t.Context(), `\\.\pipe\quietsetup-test-other`)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("an order")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, ErrUnsafe) {
		t.Errorf("reading gives %v, want ErrUnsafe", err)
	}
	if !errors.Is(told, ErrUnsafe) {
		t.Errorf("told was %v", told)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection goes on")
	}
}
