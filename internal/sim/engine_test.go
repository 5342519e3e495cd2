// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/store"
)

// lab runs a world with the real engine and a real store. The engine has
// goroutines of its own; they are made to take turns: everybody who touches the
// world waits in the agenda first, and the bubble tells when all the others wait.
type lab struct {
	w     *world
	table *fsm.Table
	codec *events.Codec
	p     *process
	mem   *store.Memory
	dir   string // of a store on disk, "" = in memory
	disk  *store.Store
	seen  uint64 // records judged
	ended chan struct{}
	tasks int
	deed  []events.Event // decided since the state was judged
	fail  atomic.Pointer[fault]
	salts int
}

// fault is what the disk answers to one kind of call, nil op = to every.
type fault struct {
	op  store.Op
	err error
}

// process is one life of the engine.
type process struct {
	lab  *lab
	life *life
	e    *engine.Engine
	log  *ledger
	stop context.CancelFunc
	done chan struct{}
}

// runEngine lives through a world with the engine. It must be called in a bubble.
func runEngine(table *fsm.Table, o Options, dir string) Result {
	w := newWorld(o)
	l := &lab{w: w, table: table, codec: events.NewCodec(), dir: dir, ended: make(chan struct{})}
	l.mem = store.NewMemory(store.MemoryOptions{ID: storeID, SegmentBytes: 60_000, Seam: l.seamOfStore})
	w.daemon, w.branch, w.secrets = l, l.branch, true
	w.live(func(i *item) {
		if d := time.Duration(w.now)*time.Millisecond - time.Since(bubbleStart); d > 0 {
			time.Sleep(d)
		}
		i.happen()
		synctest.Wait()
		l.judgeState()
	})
	w.killDaemon()
	close(l.ended)
	synctest.Wait()
	l.closeDisk()
	if o.Record {
		w.res.Log = l.export()
	}
	return w.result()
}

// bubbleStart is when every bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// branch enters a task with a goroutine of its own.
func (l *lab) branch(of *life, body func(*task)) {
	l.tasks++
	t := l.task(of, "outside "+strconv.Itoa(l.tasks), context.Background())
	t.wakeIn(1)
	go func() {
		defer t.done.Store(true)
		if t.park() {
			body(t)
		}
	}()
}

// task is one that waits for its turn in a goroutine.
func (l *lab) task(of *life, key string, ctx context.Context) *task {
	t := &task{w: l.w, life: of, key: key}
	turn := make(chan struct{})
	var parked atomic.Bool
	t.turn = func() {
		if parked.Load() { // else it waits for the engine, and looks by itself afterwards
			turn <- struct{}{}
		}
	}
	t.park = func() bool {
		parked.Store(true)
		defer parked.Store(false)
		select {
		case <-turn:
			return true
		case <-ctx.Done():
		case <-l.ended:
		}
		return false
	}
	return t
}

// again waits for the turn after the engine has answered, whatever was cancelled
// meanwhile: several may have got their answers at once.
func (l *lab) again(t *task) {
	back := l.task(nil, t.key, context.Background())
	back.wakeIn(0)
	back.park()
	back.done.Store(true)
}

func (l *lab) state() *fsm.Client {
	if l.p == nil || l.p.e == nil {
		return nil
	}
	var c *fsm.Client
	l.p.e.View(func(now *fsm.Client) { c = now })
	return c
}

// judgeState holds what the engine knows to what must be true, between two steps.
func (l *lab) judgeState() {
	did := l.deed
	l.deed = nil
	if c := l.state(); c != nil && len(did) > 0 && l.p.e.Broken() == nil {
		l.w.judge.state(c, did)
	}
}

func (l *lab) start() {
	l.closeDisk()
	p := &process{lab: l, life: l.w.life, done: make(chan struct{})}
	p.log = &ledger{lab: l, life: p.life}
	found, err := l.open()
	if err != nil {
		l.w.judge.fault("the store does not open: %v", err)
		return
	}
	l.complete()
	l.p = p
	p.e, err = engine.New(engine.Options{Log: p.log, Clock: p, Table: l.table, Build: "sim", Seam: p.seam,
		Salt: func() string { l.salts++; return fmt.Sprintf("salt-%d", l.salts) }})
	if err != nil {
		if !p.life.dead.Load() {
			l.w.judge.fault("the log does not fold: %v", err)
		}
		l.p = nil
		return
	}
	if p.life.dead.Load() { // it died while it read the log
		return
	}
	p.e.View(l.w.judge.folded)
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	l.w.spawn(p.life, l.w.pollEvery)
	go func() { // from here on the engine has the turn
		defer close(p.done)
		err := p.e.Run(ctx, p, engine.Opening{StoreID: storeID, Findings: found, Restarted: func(context.Context) events.Restarted {
			var seen []events.AttemptSeen
			p.e.View(func(c *fsm.Client) { seen = l.w.attempts(c) })
			return events.Restarted{Attempts: seen, Seen: l.w.lookAtPeople()}
		}})
		if err != nil && !p.life.dead.Load() && ctx.Err() == nil {
			l.deed = nil
			l.w.after(second, func() { // a full disk ends a start; the service manager tries again
				if l.w.life == p.life {
					l.w.fall(false)
				}
			})
		}
	}()
}

func (l *lab) kill() {
	if l.p != nil && l.p.stop != nil {
		l.p.stop()
	}
	l.p = nil
}

// submit hands an input in as somebody outside does.
func (l *lab) submit(t *task, actor string, in events.Input) error {
	p := l.p
	if p == nil {
		return errDead
	}
	_, err := p.e.Submit(context.Background(), actor, in)
	l.again(t)
	if errors.Is(err, fsm.ErrInternal) {
		l.w.judge.fault("%s: %v", events.InputName(in), err)
	}
	return err
}

// Do is a worker of the engine: the real one, with hands in the world.
func (p *process) Do(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
	t := p.lab.task(p.life, e.Ticket.String(), ctx)
	defer t.done.Store(true)
	if err := t.sleep(1); err != nil {
		return err
	}
	return p.lab.w.workers(t, e, p.e.Until).Do(ctx, e, func(in events.Input) error {
		err := emit(in)
		p.lab.again(t)
		if errors.Is(err, fsm.ErrInternal) {
			p.lab.w.judge.fault("%s: %v", events.InputName(in), err)
		}
		if p.life.dead.Load() {
			return errDead
		}
		return err
	})
}

// seam is a boundary of the engine's own.
func (p *process) seam(name string) {
	if !p.life.dead.Load() {
		_ = p.lab.w.cross("engine "+name, func() {}, nil) // a crash here is seen by whatever is done next
	}
}

func (p *process) Now() (time.Time, string, int64) { return p.lab.w.clock() }

func (p *process) AfterFunc(d time.Duration, f func()) func() bool {
	i := p.lab.w.after(d.Milliseconds(), func() { go f() })
	return func() bool { return p.lab.w.agenda.cancel(i) }
}

// open is what a start finds of the store.
func (l *lab) open() ([]events.Input, error) {
	l.fail.Store(nil)
	var f store.Findings
	var err error
	if l.dir == "" {
		f, err = l.mem.Reopen()
	} else {
		l.disk, f, err = store.Open(store.Options{Dir: l.dir, SegmentBytes: 60_000, Seam: l.seamOfStore})
	}
	if err != nil {
		return nil, err
	}
	if f.Fork != nil || f.Lost != nil {
		return nil, fmt.Errorf("records are lost: %+v", f)
	}
	return inputsOf(f), nil
}

func inputsOf(f store.Findings) []events.Input {
	var out []events.Input
	for _, r := range f.Rebuilt {
		out = append(out, events.RebuildObserved{Store: r.Store, Reason: r.Reason, Kept: r.Kept})
	}
	return out
}

// closeDisk ends the use of a store on disk as the end of its process does: not
// one more call is made.
func (l *lab) closeDisk() {
	if l.disk == nil {
		return
	}
	l.fail.Store(&fault{err: errDead})
	_ = l.disk.Close() // it gives the lock back and cannot say that it ended in order
	l.disk = nil
}

func (l *lab) seamOfStore(c store.Call) error {
	if f := l.fail.Load(); f != nil && (f.op == "" || f.op == c.Op) {
		return f.err
	}
	return nil
}

// storage is what both stores can do.
type storage interface {
	Append(*events.Record) error
	Last() (uint64, string)
	WantsCheckpoint() bool
	Recover() (store.Findings, error)
	Records(from uint64) iter.Seq2[events.Record, error]
}

func (l *lab) storage() storage {
	if l.dir == "" {
		return l.mem
	}
	return l.disk
}

// complete: after a start the log ends with what was judged, no record less or more.
func (l *lab) complete() {
	if last, _ := l.storage().Last(); last != l.seen {
		l.w.judge.fault("the log ends with record %d, and %d was durable", last, l.seen)
	}
}

func (l *lab) judge(r events.Record) {
	s, err := l.codec.Open(r)
	if err != nil {
		l.w.judge.fault("record %d: %v", r.Seq, err)
		return
	}
	l.seen = r.Seq
	l.w.res.Records++
	l.w.judge.record(s.Did)
	l.deed = append(l.deed, s.Did...)
}

func (l *lab) export() []byte {
	var out []byte
	if l.dir != "" {
		return nil // the folder is the log
	}
	for r, err := range l.mem.Records(1) {
		line, encErr := r.Encode()
		if err != nil || encErr != nil {
			l.w.judge.fault("the log cannot be exported: %v %v", err, encErr)
			return out
		}
		out = append(append(out, line...), '\n')
	}
	return out
}

// ledger is the store as one process has it: when that is dead, nothing gets through.
type ledger struct {
	lab  *lab
	life *life
}

func (g *ledger) Append(r *events.Record) error {
	l := g.lab
	if g.life.dead.Load() {
		return errDead
	}
	if r.Seq != l.seen+1 {
		l.w.judge.fault("record %d follows record %d, which was durable", r.Seq, l.seen)
	}
	var err error
	add := func() {
		if err = l.storage().Append(r); err == nil || l.commits(err) {
			l.judge(*r)
		}
	}
	torn := func() { // one of the twins has it
		l.fail.Store(&fault{of(l.w.c, store.OpWrite, store.OpCommit), errDead})
		add()
	}
	if l.w.now < l.w.full {
		l.fail.Store(&fault{of(l.w.c, store.OpWrite, store.OpCommit), errDisk})
	}
	if dead := l.w.cross("append", add, torn); dead != nil {
		return dead
	}
	if err != nil && !errors.Is(err, store.ErrOutcomeUnknown) {
		err = fmt.Errorf("%w: %w", engine.ErrUnfit, err)
	}
	return err
}

// commits: the journal has the record of a failed append, so it counts whatever
// the process was told.
func (l *lab) commits(err error) bool {
	f := l.fail.Load()
	return f != nil && f.op == store.OpCommit && errors.Is(err, f.err)
}

func (g *ledger) Last() (uint64, string) { return g.lab.storage().Last() }
func (g *ledger) WantsCheckpoint() bool  { return g.lab.storage().WantsCheckpoint() }

func (g *ledger) SinceCheckpoint() iter.Seq2[events.Record, error] {
	if g.lab.dir == "" {
		return g.lab.mem.SinceCheckpoint()
	}
	return g.lab.disk.SinceCheckpoint()
}

func (g *ledger) Recover() ([]events.Input, error) {
	if g.life.dead.Load() {
		return nil, errDead
	}
	if g.lab.w.now < g.lab.w.full {
		return nil, errDisk
	}
	g.lab.fail.Store(nil)
	f, err := g.lab.storage().Recover()
	if err != nil {
		return nil, err
	}
	g.lab.complete()
	return inputsOf(f), nil
}

// bubble runs f in a bubble of its own.
func bubble(t *testing.T, f func()) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { f() })
}
