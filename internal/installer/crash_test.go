// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package installer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// settle follows an attempt to its end and checks that what is said of it is
// what happened. It returns the last verdict.
func (w *world) settle(t testing.TB, token string, supervisorKilled bool) Verdict {
	t.Helper()
	p := w.probe(t, token)
	if p.Verdict == Running {
		res := w.wait(t, p.Started)
		if p = w.probe(t, token); res.Lost && p.Verdict != Unknown || !res.Lost && (p.Verdict != Over || p.Ended != res.Ended) {
			t.Errorf("%s: waited for %+v, then probed %+v", token, res, p)
		}
	}
	noSupervisor(t, token)
	n := w.runs(t, token)
	switch p.Verdict {
	case NeverStarted:
		if n != 0 {
			t.Errorf("%s: never started, but it ran %d times", token, n)
		}
	case Over:
		if n != 1 || p.Ended.Exit != 0 {
			t.Errorf("%s: %+v, but it ran %d times", token, p.Ended, n)
		}
	case Unknown:
		if !supervisorKilled || n > 1 {
			t.Errorf("%s: unknown, supervisor killed %v, ran %d times", token, supervisorKilled, n)
		}
	default:
		t.Errorf("%s: %+v", token, p)
	}
	if again := w.probe(t, token); again != p {
		t.Errorf("%s: probed %+v, then %+v", token, p, again)
	}
	return p.Verdict
}

// The daemon dies after each of its steps. The attempt runs once or never.
func TestDaemonDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for step, want := range map[string]Verdict{
		"launched": NeverStarted, "scoped": NeverStarted, "half-ordered": NeverStarted,
		"ordered": "", // the supervisor goes on, or the probe is faster
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := w.spec(t, "id.daemon-"+step+".1.1", "exit 0")
			if err := w.daemon(t, s, step).Run(); err == nil {
				t.Fatal("it did not die")
			}
			if got := w.settle(t, s.Token, false); want != "" && got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// The supervisor dies after each of its steps, and the daemon lives or has died.
func TestSupervisorDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		step     string
		verdict  Verdict
		runs     int
		restarts bool // Start's error says that the attempt can be started again
	}{
		{"read", NeverStarted, 0, true},
		{"claimed", NeverStarted, 0, true},
		{"prepared", NeverStarted, 0, true},
		{"blocked", NeverStarted, 0, true},
		{"started", Unknown, 1, false}, // the file names the blocked process, so that goes on by itself
		{"released", Unknown, 1, false},
		{"exited", Unknown, 1, false},
		{"ended", Over, 1, false},
	} {
		for _, daemon := range []string{"lives", "died"} {
			t.Run(c.step+"/"+daemon, func(t *testing.T) {
				t.Parallel()
				s := w.spec(t, "id."+daemon+".1.1"+diesAt+c.step, "exit 0")
				if daemon == "died" {
					if err := w.daemon(t, s, "ordered").Run(); err == nil {
						t.Fatal("it did not die")
					}
					noSupervisor(t, s.Token)
				} else {
					_, err := Start(t.Context(), w.options(), s)
					if c.restarts != errors.Is(err, ErrNotStarted) || !c.restarts && err != nil {
						t.Fatalf("Start: %v", err)
					}
					if st, err := Inspect(w.state, s.Token); c.restarts && (err != nil || st.Kind != KindNone) {
						t.Fatalf("left behind: %+v, %v", st, err)
					}
				}
				if got := w.settle(t, s.Token, true); got != c.verdict || w.runs(t, s.Token) != c.runs {
					t.Errorf("%s after %d runs, want %s after %d", got, w.runs(t, s.Token), c.verdict, c.runs)
				}
			})
		}
	}
}

// The daemon, and sometimes the supervisor, is killed at random moments.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	seen := map[Verdict]int{}
	slots := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i := range 64 {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s := w.spec(t, fmt.Sprintf("id.random.%d.1", i), "exit 0")
			cmd := w.daemon(t, s, "")
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			// Half of the moments lie early, where most steps are.
			most := 40 * time.Millisecond * pace
			if r.IntN(2) == 0 {
				most = 200 * time.Millisecond * pace
			}
			time.Sleep(time.Duration(r.Int64N(int64(most))))
			killed := r.IntN(3) == 0
			if killed {
				if id, err := supervisorOf(s.Token); err == nil && !id.IsZero() {
					kill(id.PID)
				} else {
					killed = false
				}
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			v := w.settle(t, s.Token, killed)
			mu.Lock()
			seen[v]++
			mu.Unlock()
		})
	}
	wg.Wait()
	t.Logf("verdicts: %v", seen)
}

// Claim and void race for the same file: exactly one wins, and the file says who.
func TestVoidOrClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, err := openFolder(w.state, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	wins := map[Kind]int{}
	slots := make(chan struct{}, 10)
	var all sync.WaitGroup
	for i := range 300 {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			won := f.race(t, fmt.Sprintf("id.race.%d.1", i), boot, i%2)
			mu.Lock()
			wins[won]++
			mu.Unlock()
		})
	}
	all.Wait()
	if wins[KindVoid] == 0 || wins[KindClaimed] == 0 {
		t.Errorf("a race that only one wins is none: %v", wins)
	}
}

// race lets two claims and two voids meet and returns what the file says.
func (f *folder) race(t *testing.T, token, boot string, first int) Kind {
	contender := func(n int) error {
		if n%2 == first {
			return f.void(token, boot)
		}
		return f.create(outcome{Token: token, State: KindClaimed, Boot: boot, At: now(), Supervisor: events.ProcessID{PID: n + 1}, Exit: -1})
	}
	var errs [4]error
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for n := range errs {
		wg.Go(func() {
			<-begin
			errs[n] = contender(n)
		})
	}
	close(begin)
	wg.Wait()
	o, err := f.load(token)
	if err != nil {
		t.Errorf("%s: %v", token, err)
	}
	for n, err := range errs {
		won := o.State == KindVoid && n%2 == first || o.Supervisor.PID == n+1
		switch {
		case err == nil && !won:
			t.Errorf("%s: %d believes that it won, the file says %+v", token, n, o)
		case err != nil && !errors.Is(err, ErrTaken) && !errors.Is(err, fs.ErrExist):
			t.Errorf("%s: %v", token, err)
		}
	}
	if n := slices.IndexFunc(errs[:], func(err error) bool { return err == nil }); n < 0 || slices.ContainsFunc(errs[n+1:], func(err error) bool { return err == nil }) {
		t.Errorf("%s: not exactly one winner: %v", token, errs)
	}
	return o.State
}

// A probe against a real start: either it certainly never runs, or it runs once.
func TestProbeOrStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[Verdict]int{}
	for i := range 16 {
		s := w.spec(t, fmt.Sprintf("id.probe.%d.1", i), "exit 0")
		opt, ordered := w.options(), make(chan struct{})
		opt.step = func(step string) {
			if step == "ordered" {
				close(ordered)
			}
		}
		var begun events.InstallerStarted
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { begun, err = Start(t.Context(), opt, s) })
		<-ordered
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		v := w.settle(t, s.Token, false)
		wg.Wait()
		if v == NeverStarted && !errors.Is(err, ErrVoided) || v == Over && (err != nil || begun.Installer.IsZero()) {
			t.Errorf("%s: %s, but Start says %+v, %v", s.Token, v, begun, err)
		}
		seen[v]++
	}
	t.Logf("verdicts: %v", seen)
}

// A start whose context ends is void, or it is reported because it runs.
func TestStartCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 12 {
		s := w.spec(t, fmt.Sprintf("id.cancel.%d.1", i), "exit 0")
		ctx, cancel := context.WithCancel(t.Context())
		opt := w.options()
		opt.step = func(step string) {
			if step == "ordered" {
				time.AfterFunc(time.Duration(i)*4*time.Millisecond, cancel)
			}
		}
		begun, err := Start(ctx, opt, s)
		cancel()
		switch {
		case err == nil:
			if res := w.wait(t, begun); res.Lost || w.runs(t, s.Token) != 1 {
				t.Errorf("%+v after %d runs", res, w.runs(t, s.Token))
			}
		case errors.Is(err, ErrVoided) && errors.Is(err, context.Canceled):
			noSupervisor(t, s.Token)
			if w.runs(t, s.Token) != 0 {
				t.Error("void, but it ran")
			}
		default:
			t.Errorf("Start: %v", err)
		}
	}
}

// The installer works on when its supervisor is killed, and is waited for.
func TestSupervisorKilledWhileRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	s := w.gated(t, "id.orphan.1.1", gate, 0)
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatal(err)
	}
	kill(begun.Supervisor.PID)
	noSupervisor(t, s.Token)
	if p := w.probe(t, s.Token); p.Verdict != Running {
		t.Fatalf("probed %+v", p)
	}
	over := make(chan Result, 1)
	go func() { over <- w.wait(t, begun) }()
	log := w.file(s.Token, endLog)
	before := strings.Count(read(t, log), "works")
	eventually(t, "the installer prints on", func() bool { return strings.Count(read(t, log), "works") > before+3 })
	write(t, gate, "", 0o600)
	if res := <-over; !res.Lost {
		t.Errorf("%+v", res)
	}
	if w.settle(t, s.Token, true) != Unknown || w.runs(t, s.Token) != 1 {
		t.Errorf("it ran %d times", w.runs(t, s.Token))
	}
}
