// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"maps"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// Shape is the version of Client as a checkpoint stores it.
const Shape = 1

// Client is the whole state: every product and what lies between them. It is
// changed by Apply alone. Slices, maps and pointers in it are never changed in
// place but replaced, so a fork shares them freely.
type Client struct {
	StoreID  string              `json:"store_id"`
	Seq      uint64              `json:"seq"` // last folded record
	Clock    Clock               `json:"clock"`
	Rules    int                 `json:"rules"`             // rule set in force
	Slot     string              `json:"slot,omitempty"`    // product that may ask, close and install now
	Hold     *Hold               `json:"hold,omitempty"`    // everything is stopped
	Observe  *Hold               `json:"observe,omitempty"` // nothing is done; what would be done is told
	Presence Presence            `json:"presence"`
	Prompted map[string]Prompted `json:"prompted,omitempty"` // by session: the last round it saw windows of
	Reboot   []string            `json:"reboot,omitempty"`   // products that wait for a restart of the machine, sorted
	Order    events.Order        `json:"order,omitzero"`     // who comes before whom, as the source last said
	Products map[string]*Product `json:"products,omitempty"`

	table *Table
	ranks map[string]int // of Order: places in the sequence
	mine  []*Product     // of a fork: its own copies, by id; they come before Products, which is its origin's
	// open are the products with an open run, of a client that a record was
	// folded into: over the years most products are done. Nil = look at all. A
	// fork has its origin's.
	open []*Product
}

// Clock ties the client's clock to the last record.
type Clock struct {
	Now    int64     `json:"now"`     // client's clock at the last record, milliseconds
	Wall   time.Time `json:"wall"`    // wall time of the last record
	Boot   string    `json:"boot"`    // boot of the last record
	BootMS int64     `json:"boot_ms"` // since that boot
}

// Hold is an order to stop, with who gave it and why.
type Hold struct {
	Reason string        `json:"reason"`
	Actor  string        `json:"actor"`
	Since  events.Moment `json:"since"`
}

// Presence is who is at the machine, as last observed.
type Presence struct {
	Known    bool                 `json:"known"`
	Leaving  bool                 `json:"leaving,omitempty"`  // a shutdown is announced
	Sessions []events.SessionMark `json:"sessions,omitempty"` // by id
	Since    events.Moment        `json:"since"`              // of this set of sessions
	N        uint64               `json:"n"`                  // record that observed it
}

// Prompted is the last round whose window a session saw.
type Prompted struct {
	Product string        `json:"product"`
	Run     int           `json:"run"`
	Round   int           `json:"round"`
	At      events.Moment `json:"at"`
}

// prompted notes that a session saw a window of the product's round. The map is a new
// one each time: who was given the client before keeps his.
func (c *Client) prompted(session string, p *Product, now events.Moment) {
	seen := maps.Clone(c.Prompted)
	if seen == nil {
		seen = map[string]Prompted{}
	}
	maps.DeleteFunc(seen, func(_ string, last Prompted) bool { return last.At.Add(forgetPrompt).Before(now) })
	seen[session] = Prompted{Product: p.ID, Run: p.Run, Round: p.Round, At: now}
	c.Prompted = seen
}

// Product is one product's machine.
type Product struct {
	ID    string       `json:"id"`
	Phase events.Phase `json:"phase"`
	Run   int          `json:"run"` // 0 = nothing was ever wanted

	// The request of the current run, and what comes after it.
	Request  events.Request  `json:"request"`
	Since    events.Moment   `json:"since"`              // the run was accepted
	Retarget *events.Request `json:"retarget,omitempty"` // taken over at the next round
	Next     *events.Request `json:"next,omitempty"`     // waits for the end of the running installer

	// The round. Policy and Package are frozen for it.
	Round    int            `json:"round"`
	Prepared bool           `json:"prepared"`
	Policy   events.Policy  `json:"policy"`
	Package  events.Package `json:"package"`
	Scans    int            `json:"scans"`    // looks of this round that were not complete
	Rechecks int            `json:"rechecks"` // "try again" of this round
	Returns  int            `json:"returns"`  // times this round was sent back to the check

	Wait     *Wait               `json:"wait,omitempty"`   // pending or deferred: what for; nil = for the slot only
	Waited   *Wait               `json:"waited,omitempty"` // the last wait: a round in between does not make it young again
	Blockers []events.Process    `json:"blockers,omitempty"`
	Put      bool                `json:"put,omitempty"` // this run was deferred before: it waits as deferred, no longer as pending
	Windows  int                 `json:"windows"`       // opened in this run
	Window   *events.Window      `json:"window,omitempty"`
	Last     *events.Window      `json:"last,omitempty"` // closed last, with its answers
	LastWhy  string              `json:"last_why,omitempty"`
	Closing  *events.CloseAgreed `json:"closing,omitempty"`

	Starts   int      `json:"starts"`            // attempts of this run, voided ones too: numbers their tokens
	Attempts int      `json:"attempts"`          // attempts of this run that count
	Suspect  bool     `json:"suspect,omitempty"` // the log forked: probe before the next start
	Alone    bool     `json:"alone,omitempty"`   // it resumes only while nobody is there: its script stopped for a logout
	Resumes  bool     `json:"resumes,omitempty"` // its script stopped in its middle for a restart or a logout: it goes on before all others, and nobody is asked again
	Touched  bool     `json:"touched,omitempty"` // an installer of this run began and did not come to an end: what is there is not what it was
	Attempt  *Attempt `json:"attempt,omitempty"`

	Outcome events.Outcome    `json:"outcome,omitempty"` // "" while the run is open
	Why     string            `json:"why,omitempty"`     // the outcome in a few words
	Ended   events.Moment     `json:"ended,omitzero"`    // when the outcome was known
	Ran     bool              `json:"ran,omitempty"`     // an installer ran in this run
	Found   *events.Detection `json:"found,omitempty"`   // last detection of this run

	Counters map[events.Action]Counter `json:"counters,omitempty"`
	Hold     *Hold                     `json:"hold,omitempty"`

	// The report lane. Row is what the source shows as far as is known; Want is
	// what it should show; they differ, or Unsure = a report is due.
	Row  events.Report `json:"row"`
	Want events.Report `json:"want"`
	// Unsure: a report was due and is wanted no more before an answer came. It may have
	// been sent, so the source may show it, whatever Row says; Want is sent to be sure.
	Unsure      bool   `json:"unsure,omitempty"`
	Progress    string `json:"progress,omitempty"`     // the wait as the report tells it
	ReportClass string `json:"report_class,omitempty"` // "", failing, refused
	ReportWhy   string `json:"report_why,omitempty"`

	// Owed are outcomes of earlier runs that the source has not shown yet, oldest
	// first. They are sent before Want.
	Owed []Owed `json:"owed,omitempty"`

	N Marks `json:"n"`
}

// Owed is the report of an earlier run that is carried along.
type Owed struct {
	Report  events.Report  `json:"report"`
	Request events.Request `json:"request"`
	Run     int            `json:"run"`
}

// owed is the oldest report that is carried along, as it is to be sent: the
// request of the run that is open now stays in the row.
func (p *Product) owed() SendReport {
	o := p.Owed[0]
	if p.Open() {
		o.Report.ActionRequest = p.Action()
	}
	return SendReport{Report: o.Report, Request: o.Request}
}

// reportRefused: the source will not take the report; it is parked.
const reportRefused = "refused"

// reports: the outcome of the run is told to the source.
func (p *Product) reports() bool {
	return p.Outcome != events.OutcomeWithdrawn && p.Outcome != events.OutcomeSuperseded
}

// Marks are the records that made the current work due, the N of its tickets.
type Marks struct {
	Work    uint64 `json:"work"`    // phase, wait, round
	Watch   uint64 `json:"watch"`   // blocking programs as known
	Attempt uint64 `json:"attempt"` // stage of the attempt
	Report  uint64 `json:"report"`  // wanted report
}

// Counter counts in a row, per product and action. It ends with an installer
// that ran, an accepted withdrawal or an operator's reset, and with nothing else.
type Counter struct {
	Defers     int           `json:"defers"`
	Unanswered int           `json:"unanswered"`
	First      events.Moment `json:"first"` // first defer or unanswered window in this row
}

// Wait is why a product waits and what ends it.
type Wait struct {
	Reason events.Reason `json:"reason"`
	Detail string        `json:"detail,omitempty"`
	Since  events.Moment `json:"since"`          // first time in a row for this reason
	Until  events.Moment `json:"until,omitzero"` // zero = no moment ends it
}

// Stage is where an attempt stands.
type Stage string

// The stages of an attempt.
const (
	StageCleared Stage = "cleared" // intent durable, nothing known of a start
	StageBegun   Stage = "begun"   // runs under its supervisor
	StageLost    Stage = "lost"    // may or may not have run; must be probed
	StageExited  Stage = "exited"  // ended, not verified yet
)

// Attempt is one start of an installer.
type Attempt struct {
	N          int              `json:"n"` // 1, 2, … per run
	Token      string           `json:"token"`
	Stage      Stage            `json:"stage"`
	Suspect    bool             `json:"suspect,omitempty"` // the log forked before it: it may have run unrecorded
	Since      events.Moment    `json:"since"`             // intent
	Supervisor events.ProcessID `json:"supervisor,omitzero"`
	Installer  events.ProcessID `json:"installer,omitzero"`
	Exit       int              `json:"exit"`
	Ended      events.Moment    `json:"ended,omitzero"` // when its end was recorded
	Meaning    string           `json:"meaning,omitempty"`
	Stalled    string           `json:"stalled,omitempty"` // what it was seen to wait for while it ran
	Awaits     string           `json:"awaits,omitempty"`  // boot that had to end before the result was looked for again
	Beside     bool             `json:"beside,omitempty"`  // it stalled and does no more, and the product that was let past it has the slot
}

// Yields reports whether others may be worked on beside the attempt: it waits for
// somebody to end it, or for a restart of the machine, and that may take for ever, or
// it did and somebody else has the slot now.
func (a *Attempt) Yields() bool { return a != nil && (a.Stalled != "" || a.Awaits != "" || a.Beside) }

// runs reports whether the installer of the product's attempt runs, or may run.
func (p *Product) runs() bool {
	return p.Phase == events.PhaseInstalling && p.Outcome == "" && (p.Attempt.Stage == StageBegun || p.Attempt.Stage == StageLost)
}

// New returns the state before the first record.
func New(t *Table) *Client {
	return &Client{Rules: RuleSet, Products: map[string]*Product{}, table: t}
}

// Open reports whether the product has a run whose outcome is not known yet.
func (p *Product) Open() bool { return p.Run > 0 && p.Phase != events.PhaseReported && p.Outcome == "" }

// Waiting reports whether the product has an open run that is not being worked on.
func (p *Product) Waiting() bool {
	return p.Open() && (p.Phase == events.PhasePending || p.Phase == events.PhaseDeferred)
}

// Counter is the counter of the run's action.
func (p *Product) Counter() Counter { return p.Counters[p.Request.Row.ActionRequest] }

// Action is what the run does.
func (p *Product) Action() events.Action { return p.Request.Row.ActionRequest }

// Target is the version the run leads to.
func (p *Product) Target() string { return p.Request.Target() }

// Product returns a product's state, nil if the client does not know it. It
// must not be changed.
func (c *Client) Product(id string) *Product {
	if i, ok := c.find(id); ok {
		return c.mine[i]
	}
	return c.Products[id]
}

// find is the place of a product among the fork's own copies.
func (c *Client) find(id string) (int, bool) {
	return slices.BinarySearchFunc(c.mine, id, func(p *Product, id string) int { return compare(p.ID, id) })
}

// each calls f for every product, in no order.
func (c *Client) each(f func(*Product)) {
	for _, p := range c.mine {
		f(p)
	}
	for id, p := range c.Products {
		if _, ok := c.find(id); !ok {
			f(p)
		}
	}
}

// eachOpen calls f for every product with an open run, in no order.
func (c *Client) eachOpen(f func(*Product)) {
	if c.open == nil {
		c.each(func(p *Product) {
			if p.Open() {
				f(p)
			}
		})
		return
	}
	for _, p := range c.mine {
		if p.Open() {
			f(p)
		}
	}
	for _, p := range c.open {
		if _, ok := c.find(p.ID); !ok {
			f(p)
		}
	}
}

// fork returns a client that can be changed without changing c: a step's later
// events see its earlier ones.
func (c *Client) fork() *Client {
	f := *c
	return &f
}

// join takes over what its fork became by folding the record seq, and the record's time.
func (c *Client) join(f *Client, seq uint64, now events.Moment, in events.Stamped) {
	open := make([]*Product, 0, len(c.open)+len(f.mine))
	f.eachOpen(func(p *Product) { open = append(open, p) })
	for _, p := range f.mine {
		c.Products[p.ID] = p
	}
	*c = *f // f.Products is c's
	c.mine, c.open = nil, open
	c.Seq = seq
	c.Clock = Clock{Now: now.Clock, Wall: in.Wall, Boot: in.Boot, BootMS: in.BootMS}
}

// own returns the fork's own copy of the product, for changing.
func (c *Client) own(id string) *Product {
	i, ok := c.find(id)
	if ok {
		return c.mine[i] // copied when this fork touched it first
	}
	p := &Product{ID: id, Phase: events.PhaseReported}
	if old := c.Products[id]; old != nil {
		*p = *old
	}
	c.mine = slices.Insert(c.mine, i, p)
	return p
}

// at is the moment of a stamp on the client's clock. Within a boot the machine's
// own time counts; across boots the wall time since the last record, and nothing
// if it went back: time that is not known to have passed has not passed.
func (c *Client) at(s events.Stamped) events.Moment {
	var d int64
	switch {
	case c.Seq == 0:
	case s.Boot == c.Clock.Boot:
		d = s.BootMS - c.Clock.BootMS
	default:
		d = s.Wall.Sub(c.Clock.Wall).Milliseconds()
	}
	return events.Moment{Clock: c.Clock.Now + max(d, 0), Wall: s.Wall}
}

// Until is how long from the stamp to the moment, by the client's clock; at least 0.
func (c *Client) Until(m events.Moment, s events.Stamped) events.Span {
	return events.Span(max(m.Clock-c.at(s).Clock, 0))
}

// Now is the moment of the last record.
func (c *Client) Now() events.Moment {
	return events.Moment{Clock: c.Clock.Now, Wall: c.Clock.Wall}
}

// count changes the counter of the run's action.
func (p *Product) count(change func(*Counter)) {
	m := maps.Clone(p.Counters)
	if m == nil {
		m = map[events.Action]Counter{}
	}
	k := m[p.Action()]
	change(&k)
	if k == (Counter{}) {
		delete(m, p.Action())
	} else {
		m[p.Action()] = k
	}
	p.Counters = m
}
