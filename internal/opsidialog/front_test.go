// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// TestPressed: each button is the choice it stands for, and the dialog is as wanted.
func TestPressed(t *testing.T) {
	for button, want := range map[string]string{"defer": "defer", "recheck": "recheck", "close": "kill"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			got := r.asks(t.Context(), prompt())
			s := <-r.dialogs
			if s.Title != "Title" || s.Timeout != 300 || s.Message != "Intro.\n\n* app\n\nLeft: {timeout}" {
				t.Errorf("the dialog is %+v", s)
			}
			for i, b := range s.Buttons {
				if b["order"] != float64(i+1) || b["default"] != (i == 0) {
					t.Errorf("button %d is %v", i, b)
				}
			}
			time.Sleep(time.Minute)
			s.press(t, button)
			if o := <-got; o.choice != want || o.err != nil {
				t.Errorf("%s: %+v, want %s", button, o, want)
			}
		})
	}
}

// TestEnterClosesNothing: whatever is offered, the default button is harmless or none.
func TestEnterClosesNothing(t *testing.T) {
	for offered, want := range map[string]string{"defer recheck kill": "defer", "recheck kill": "recheck", "kill": "", "kill recheck": "recheck", "kill other": ""} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			p := prompt()
			p.Choices = strings.Fields(offered)
			got := r.asks(t.Context(), p)
			s := <-r.dialogs
			enter := ""
			for _, b := range s.Buttons {
				if b["default"] == true {
					enter, _, _ = strings.Cut(b["id"].(string), "-")
				}
			}
			if enter != want || len(s.Buttons) != len(p.Choices)-strings.Count(offered, "other") {
				t.Errorf("%s: Enter presses %q, want %q: %v", offered, enter, want, s.Buttons)
			}
			if o := <-got; !errors.Is(o.err, prompts.ErrPassed) { // five minutes later
				t.Errorf("the dialog that went by: %+v", o)
			}
		})
	}
}

// TestNoAnswer: what is no pressed button is no answer.
func TestNoAnswer(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for name, c := range map[string]struct{ answer, want string }{
		"an error as an object": {`{"id":1,"result":null,"error":{"message":"no desktop","class":"RuntimeError"}}`, "no desktop"},
		"an error as a string":  {`{"id":1,"result":null,"error":"no session"}`, "no session"},
		"nothing":               {` `, "cannot be used"},
		"no object":             {`"x"`, "cannot be used"},
		"no result":             {`{"id":1}`, "neither result nor error"},
		"an array":              {`[]`, "0 answers to 1 calls"},
		"a cut connection":      {"cut", "cannot be reached"},
		"nested":                {`{"id":1,"result":` + deep + `,"error":null}`, "nested deeper"},
		"huge":                  {`{"id":1,"result":"` + strings.Repeat("x", maxAnswer) + `","error":null}`, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.answer = c.answer
				if o := <-r.asks(t.Context(), prompt()); o.choice != "" || o.err == nil || !strings.Contains(o.err.Error(), c.want) || strings.Contains(o.err.Error(), hostKey) {
					t.Errorf("%.200v, want %q", o, c.want)
				}
				if n := strings.Count(r.called(), "showDialog"); n != 1 {
					t.Errorf("the dialog was shown %d times", n)
				}
			})
		})
	}
}

// TestResults: an answer must say in all its parts that a button was pressed.
func TestResults(t *testing.T) {
	buttons := []button{{ID: "defer-X", choice: "defer"}, {ID: "close-X", choice: "kill"}}
	pressed := func(id string) string {
		return fmt.Sprintf(`{"id":%q,"label":"L","order":1,"default":false}`, id)
	}
	for result, want := range map[string]any{
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"timed_out":false,"canceled":false}`: "kill",
		`{"action":"defer-X","button_pressed":` + pressed("defer-X") + `,"timed_out":false,"canceled":false}`: "defer",
		// The time is over: with the default button's id, with null, with the default button, without a word of it.
		`{"action":"close-X","button_pressed":null,"timed_out":true,"canceled":false}`:                        errOver,
		`{"action":"close-X","timed_out":true,"canceled":false}`:                                              errOver,
		`{"action":null,"button_pressed":null,"timed_out":true,"canceled":false}`:                             errOver,
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"timed_out":true,"canceled":false}`:  errOver,
		`{"action":"close-X","button_pressed":null,"timed_out":false,"canceled":false}`:                       errUnclear,
		`{"action":"close-X","timed_out":false,"canceled":false}`:                                             errUnclear,
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"timed_out":null,"canceled":false}`:  errUnclear,
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"canceled":false}`:                   errUnclear,
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"timed_out":false}`:                  errUnclear,
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"timed_out":0,"canceled":0}`:         errUnclear,
		`{"action":"close-X","button_pressed":` + pressed("defer-X") + `,"timed_out":false,"canceled":false}`: errUnclear,
		`{"action":"close-X","button_pressed":{},"timed_out":false,"canceled":false}`:                         errUnclear,
		`{"action":"close-X","button_pressed":"close-X","timed_out":false,"canceled":false}`:                  errUnclear,
		`{"action":"close-X","button_pressed":[],"timed_out":false,"canceled":false}`:                         errUnclear,
		`{"action":"close-Y","button_pressed":` + pressed("close-Y") + `,"timed_out":false,"canceled":false}`: errUnclear,
		`{"action":"close","button_pressed":` + pressed("close") + `,"timed_out":false,"canceled":false}`:     errUnclear,
		`{"action":"","button_pressed":{"id":""},"timed_out":false,"canceled":false}`:                         errUnclear,
		`{"action":7,"button_pressed":{"id":7},"timed_out":false,"canceled":false}`:                           errUnclear,
		`{"action":null,"button_pressed":null,"timed_out":false,"canceled":false}`:                            errUnclear,
		// A newer dialog came.
		`{"action":null,"button_pressed":null,"timed_out":false,"canceled":true}`:                            errReplaced,
		`{"action":null,"canceled":true}`:                                                                    errReplaced,
		`{"action":"close-X","button_pressed":` + pressed("close-X") + `,"timed_out":false,"canceled":true}`: errReplaced,
		`{}`:        errUnclear,
		`null`:      errUnclear,
		`true`:      errUnclear,
		`"close-X"`: errUnclear,
		`[]`:        errUnclear,
		``:          errUnclear,
	} {
		choice, err := answerOf(json.RawMessage(result), buttons)
		if w, ok := want.(string); ok && (choice != w || err != nil) {
			t.Errorf("%s: %q, %v, want %s", result, choice, err, w)
		}
		if w, ok := want.(error); ok && (choice != "" || !errors.Is(err, w)) {
			t.Errorf("%s: %q, %v, want %v", result, choice, err, w)
		}
	}
}

// TestReplaced: a dialog that a newer one took away does not come again by itself.
func TestReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := r.asks(t.Context(), prompt())
		s := <-r.dialogs
		close(s.newer)
		r.set(func() { r.current = nil })
		if o := <-got; !errors.Is(o.err, errReplaced) {
			t.Errorf("%+v", o)
		}
		time.Sleep(time.Hour)
		if n := strings.Count(r.called(), "showDialog"); n != 1 {
			t.Errorf("the dialog was shown %d times", n)
		}
	})
}

// TestStranger: who cannot prove to be opsiclientd is sent not even a request.
func TestStranger(t *testing.T) {
	refuse := func(string, fs.FileInfo) error { return errors.New("others can read it") }
	for name, c := range map[string]struct {
		make func(t *testing.T, r *rig)
		want string
	}{
		"another certificate of the same name": {func(t *testing.T, r *rig) {
			_, text := certificate(t)
			r.write("opsiclientd.pem", string(text))
		}, ErrStranger.Error()},
		"no certificate to compare with": {func(t *testing.T, r *rig) { r.write("opsiclientd.pem", "") }, "there is no certificate in it"},
		"a file that is not there":       {func(t *testing.T, r *rig) { os.Remove(filepath.Join(r.dir, "opsiclientd.pem")) }, "cannot trust the key of opsiclientd"},
		"a key that others can read":     {func(t *testing.T, r *rig) { r.front.o.Secret = refuse }, "others can read it"},
		"a configuration of a stranger's": {func(t *testing.T, r *rig) {
			r.front.o.Unchanged = refuse
		}, "others can read it"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				c.make(t, r)
				o := <-r.asks(t.Context(), prompt())
				if o.err == nil || !strings.Contains(o.err.Error(), c.want) {
					t.Errorf("%+v, want %s", o, c.want)
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				if len(r.calls) > 0 || r.heard.Len() > 0 {
					t.Errorf("it was sent %v\n%s", r.calls, r.heard.String())
				}
			})
		})
	}
}

// TestListener: on the real port too: a program that is no TLS server at all, and one
// that is, with the right name.
func TestListener(t *testing.T) {
	for _, secure := range []bool{false, true} {
		r := newRig(t)
		r.front.dial, r.real = loopback, true
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		r.write(confName, fmt.Sprintf("[control_server]\nport = %d\n", l.Addr().(*net.TCPAddr).Port))
		heard := make(chan []byte, 1)
		if secure {
			other, _ := certificate(t)
			r.serveOn(l, other)
			heard <- nil
		} else {
			go func() {
				c, err := l.Accept()
				if err != nil {
					heard <- nil
					return
				}
				defer c.Close()
				_, _ = io.WriteString(c, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
				text, _ := io.ReadAll(c)
				heard <- text
			}()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		o := <-r.asks(ctx, prompt())
		cancel()
		if o.err == nil {
			t.Errorf("a stranger was asked: %+v", o)
		}
		text := string(<-heard)
		r.mu.Lock()
		text += r.heard.String()
		r.mu.Unlock()
		if strings.Contains(text, "Authorization") || strings.Contains(text, "POST") || strings.Contains(text, "HTTP/1.1") {
			t.Errorf("a stranger heard %q", text)
		}
	}
}

// TestRealPort: the whole way over TCP.
func TestRealPort(t *testing.T) {
	r := newRig(t)
	r.front.dial, r.real = loopback, true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.write(confName, fmt.Sprintf("[control_server]\nport = %d\n", l.Addr().(*net.TCPAddr).Port))
	r.serveOn(l, r.cert)
	got := r.asks(t.Context(), prompt())
	s := <-r.dialogs
	time.Sleep(readable) // what is pressed sooner does not count
	s.press(t, "defer")
	if o := <-got; o.choice != "defer" || o.err != nil {
		t.Errorf("%+v", o)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(r.heard.String(), "Authorization: Basic ") {
		t.Errorf("the true one heard\n%s", r.heard.String())
	}
}

// TestNotOffered: a service without the method is asked once in an hour.
func TestNotOffered(t *testing.T) {
	for name, list := range map[string]string{
		"no such method":      `[{"name":"showPopup","params":["message"]}]`,
		"fewer parameters":    `[{"name":"showDialog","params":["message"]}]`,
		"more to be given":    `[{"name":"showDialog","params":["title","message","timeout","buttons","user"]}]`,
		"an empty list":       `[]`,
		"a method of no form": `[{"name":"showDialog"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.methods = list
				for range 3 {
					if o := <-r.asks(t.Context(), prompt()); !errors.Is(o.err, ErrAbsent) {
						t.Errorf("%+v", o)
					}
				}
				if r.called() != "backend_getInterface" {
					t.Errorf("it was called %s", r.called())
				}
				time.Sleep(keepOffer + time.Second)
				r.set(func() { r.methods = interfaceList })
				got := r.asks(t.Context(), prompt())
				s := <-r.dialogs
				time.Sleep(readable)
				s.press(t, "defer")
				if o := <-got; o.choice != "defer" {
					t.Errorf("an hour later: %+v", o)
				}
			})
		})
	}
}

// TestNoOpsiclientd: that it is not there is said as such.
func TestNoOpsiclientd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := os.Remove(r.conf); err != nil {
			t.Fatal(err)
		}
		if o := <-r.asks(t.Context(), prompt()); !errors.Is(o.err, ErrAbsent) || r.called() != "" {
			t.Errorf("%+v after %s", o, r.called())
		}
	})
}

// TestWhoIsThere: unless exactly the asked session is there and open, nothing is sent.
func TestWhoIsThere(t *testing.T) {
	bert := events.Session{ID: "c3", Owner: "uid:1001", Kind: "graphical"}
	with := func(f func(*events.Session)) events.Observation { s := anna; f(&s); return seen(s) }
	for name, o := range map[string]events.Observation{
		"nobody":         seen(),
		"two":            seen(anna, bert),
		"one twice":      seen(anna, events.Session{ID: "c4", Owner: "uid:1000", Kind: "graphical"}),
		"ssh beside it":  seen(anna, events.Session{ID: "pts/1", Owner: "uid:0", Kind: "remote"}),
		"somebody else":  seen(bert),
		"another owner":  with(func(s *events.Session) { s.Owner = "uid:1001" }),
		"locked":         with(func(s *events.Session) { s.Locked = true }),
		"switched away":  with(func(s *events.Session) { s.Away = true }),
		"a terminal":     with(func(s *events.Session) { s.Kind = "terminal" }),
		"from afar":      with(func(s *events.Session) { s.Kind = "remote" }),
		"not known":      {Sessions: []events.Session{anna}},
		"nothing at all": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.people.set(o)
				if o := <-r.asks(t.Context(), prompt()); o.err == nil || r.called() != "" {
					t.Errorf("%+v after %s", o, r.called())
				}
				r.people.set(seen(anna))
				got := r.asks(t.Context(), prompt())
				s := <-r.dialogs
				time.Sleep(readable)
				r.people.set(o) // just before it is pressed
				s.press(t, "close")
				if o := <-got; o.err == nil || o.choice != "" {
					t.Errorf("pressed by nobody knows whom: %+v", o)
				}
			})
		})
	}
}

// TestSomebodyComes: who comes and goes while it is shown may have seen it too.
func TestSomebodyComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := r.asks(t.Context(), prompt())
		s := <-r.dialogs
		time.Sleep(10*time.Second - time.Millisecond)
		r.people.set(seen(anna, events.Session{ID: "c3", Owner: "uid:1001", Kind: "graphical"}))
		time.Sleep(lookEach)
		r.people.set(seen(anna))
		if o := <-got; !errors.Is(o.err, errSessions) {
			t.Errorf("%+v", o)
		}
		<-s.gone // the call was dropped
	})
}

// TestEarly: what is pressed before anybody could read it does not count, and the
// dialog comes again, but not for ever.
func TestEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := r.asks(t.Context(), prompt())
		(<-r.dialogs).press(t, "close")
		s := <-r.dialogs
		time.Sleep(readable)
		s.press(t, "defer")
		if o := <-got; o.choice != "defer" || o.err != nil {
			t.Errorf("%+v", o)
		}
		got = r.asks(t.Context(), prompt())
		for range tries {
			(<-r.dialogs).press(t, "close")
		}
		if o := <-got; !errors.Is(o.err, errEarly) || o.choice != "" {
			t.Errorf("%+v", o)
		}
	})
}

// TestDropped: a window that is over drops its call; a dialog has no longer than its
// window, and a short rest is not worth one.
func TestDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx, cancel := context.WithCancel(t.Context())
		got := r.asks(ctx, prompt())
		s := <-r.dialogs
		cancel()
		if o := <-got; !errors.Is(o.err, context.Canceled) {
			t.Errorf("%+v", o)
		}
		<-s.gone
		p := prompt()
		p.RemainingMS = least.Milliseconds() - 1
		if o := <-r.asks(t.Context(), p); !errors.Is(o.err, errShort) {
			t.Errorf("%+v", o)
		}
		p.RemainingMS = 90_500
		got = r.asks(t.Context(), p)
		if s := <-r.dialogs; s.Timeout != 90 {
			t.Errorf("it is shown for %d seconds", s.Timeout)
		}
		if o := <-got; !errors.Is(o.err, prompts.ErrPassed) {
			t.Errorf("%+v", o)
		}
	})
}

// TestHangs: a service that never answers is given up soon after the dialog's time.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		began := time.Now()
		r.answer = "hang"
		if o := <-r.asks(t.Context(), prompt()); o.err == nil || time.Since(began) > 300*time.Second+slack {
			t.Errorf("%+v after %v", o, time.Since(began))
		}
	})
}

// TestTurns: a second window waits: its dialog would take the first away.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.asks(t.Context(), prompt())
		s := <-r.dialogs
		second := r.asks(t.Context(), prompt())
		time.Sleep(time.Minute)
		if n := strings.Count(r.called(), "showDialog"); n != 1 {
			t.Errorf("%d dialogs were shown", n)
		}
		s.press(t, "close")
		if o := <-first; o.choice != "kill" {
			t.Errorf("%+v", o)
		}
		s = <-r.dialogs
		if s.Timeout != 240 {
			t.Errorf("the second has %d seconds", s.Timeout)
		}
		time.Sleep(readable)
		s.press(t, "defer")
		if o := <-second; o.choice != "defer" {
			t.Errorf("%+v", o)
		}
	})
}

// TestWrongKey: a login that failed is not repeated at once: five lead to a block.
func TestWrongKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.key = strings.Repeat("0", 32)
		for range 10 {
			if o := <-r.asks(t.Context(), prompt()); o.err == nil || strings.Contains(o.err.Error(), r.key) {
				t.Errorf("%+v", o)
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.failures) != 1 {
			t.Errorf("%d logins failed", len(r.failures))
		}
	})
}
