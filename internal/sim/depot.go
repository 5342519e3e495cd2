// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strconv"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// product is a package in the depot, its software on the machine, and its row at
// the source.
type product struct {
	id       string
	app      string // its program
	needs    []string
	version  int
	broken   bool
	pkg      events.Package // without versions
	how      manner
	site     policy.Layer // what the admin says about this product
	policy   events.Policy
	resolved bool

	there string // version on the machine, "" = none

	row      events.Report
	touched  bool // by the admin, since it was reported last
	asked    int  // wishes of the admin so far, each may begin one run
	resets   int  // orders to count anew so far
	runs     int  // accepted so far
	always   int  // looks at the source that may begin a run of "always"
	refusing int64
	shown    []events.Report // by the source, the last ones
}

// manner is how an installer behaves, each in a hundred; the rest succeeds.
type manner struct{ fails, hangs, reboots, retries, lies int }

func (w *world) makeProduct(id string) {
	p := &product{id: id, app: "app-" + id, version: 1}
	p.how = of(w.c, manner{}, manner{fails: 30}, manner{hangs: 10, reboots: 20}, manner{retries: 40}, manner{fails: 5, hangs: 5, reboots: 5, retries: 5, lies: 10})
	p.pkg = events.Package{Product: id, Name: id, Metadata: !w.c.one(8), Background: !w.c.one(8), Folder: "/depot/" + id,
		Command: []string{"setup"}, Repeatable: w.c.one(2), ExitCodes: events.ExitCodes{OK: []int{0}, Reboot: []int{3010}, Retry: []int{1618}}}
	if p.pkg.Metadata {
		p.pkg.Processes = []string{p.app}
		if len(w.products) > 0 && w.c.one(4) {
			p.pkg.Processes = append(p.pkg.Processes, w.products[w.c.below(len(w.products))].app)
		}
	}
	if !w.c.one(8) {
		p.pkg.Uninstall = []string{"remove"}
	}
	if !w.c.one(3) {
		p.pkg.Detect = &events.Detect{Kind: "file", Name: "/opt/" + id}
	}
	for _, q := range w.products {
		if w.c.one(4) {
			p.needs = append(p.needs, q.id)
		}
	}
	p.row = events.Report{ProductID: id, ProductType: "LocalbootProduct", InstallationStatus: events.StatusNotInstalled,
		ActionRequest: events.ActionNone, ActionResult: events.ResultNone, LastAction: events.ActionNone}
	w.setPolicy(p)
	w.products = append(w.products, p)
}

func (w *world) product(id string) *product {
	for _, p := range w.products {
		if p.id == id {
			return p
		}
	}
	return nil
}

// setPolicy has the admin choose anew. What is said about a key may be nonsense:
// then a weaker layer counts.
func (w *world) setPolicy(p *product) {
	p.site, p.resolved = policy.NewLayer(policy.Product), false
	set := func(key string, values ...any) {
		if w.c.one(2) {
			p.site.Set(key, of(w.c, values...), "site")
		}
	}
	set("default_action", "defer", "kill", "fail", "recheck")
	set("dialog_timeout", "60s", "10s", "5m", "10m")
	if w.c.one(20) {
		p.site.Set("dialog_timeout", int64(0), "site")
	}
	set("max_recheck", int64(0), int64(1), int64(5))
	set("max_recheck_action", "defer", "kill", "fail")
	set("max_defer", int64(0), int64(1), int64(2), int64(-1))
	set("max_defer_action", "kill", "defer", "fail")
	set("defer_interval", "24h", "8h", "3h")
	if w.c.one(30) {
		p.site.Set("defer_interval", of[any](w.c, int64(0), "10m"), "site")
	}
	set("prompt_interval", "1h", "8h", int64(0))
	set("final_notice", "15m", int64(0), "2m")
	set("max_unanswered", int64(2), int64(20))
	set("unanswered_action", "defer", "fail")
	set("without_metadata", "wait", "install")
	set("alone_action", "wait", "kill")
	set("close_grace", "30s", int64(0), "5m")
	set("max_attempts", int64(1), int64(3))
	set("reboot_gate", "dependants", "all")
	if w.c.one(10) {
		p.site.Set("urgent", true, "site")
	}
	if w.c.one(6) { // a date of the calendar, which a clock that is set may pass and come back to
		wall, _, _ := w.clock()
		p.site.Set("deadline", wall.Add(time.Duration(w.c.span(0, 6*day)-day)*time.Millisecond).Format(time.RFC3339), "site")
	}
	if w.c.one(12) && !w.calm {
		p.site.Set("active", false, "site")
		w.during(w.c.span(minute, day), func() { w.setPolicy(p) })
	}
}

// effective is what the policy of a product comes to, as the source resolves it.
func (p *product) effective() events.Policy {
	if !p.resolved { // the layers are read at each round; what they come to changes with them alone
		p.policy, _ = policy.Resolve(p.site)
		p.resolved = true
	}
	return p.policy
}

// offer is a row with what the depot has for it.
func (w *world) offer(p *product) events.Request {
	return events.Request{Row: p.row, ProductVersion: strconv.Itoa(p.version), PackageVersion: "1", Requires: p.needs}
}

// target is the version a package leads to.
func target(p events.Package) string { return events.JoinVersion(p.ProductVersion, p.PackageVersion) }

// prepare is what a round finds in the depot.
func (w *world) prepare(req events.Request) (events.Policy, events.Package, *events.Problem) {
	p := w.product(req.Row.ProductID)
	pkg := p.pkg
	pkg.ProductVersion, pkg.PackageVersion = strconv.Itoa(p.version), "1"
	switch {
	case w.now < w.source.out:
		return p.effective(), pkg, &events.Problem{Code: "depot_unreachable", Message: "no route"}
	case p.broken:
		return p.effective(), pkg, &events.Problem{Code: "metadata_unreadable", Message: "line 3: broken"}
	case len(pkg.CommandFor(req.Row.ActionRequest)) == 0:
		return p.effective(), pkg, &events.Problem{Code: "no_command", Message: "no command"}
	}
	return p.effective(), pkg, nil
}

// detect is what the detect rule of a package finds.
func (w *world) detect(pkg events.Package, a events.Action, want string) events.Detection {
	if pkg.Detect == nil {
		return events.Detection{Reason: "the package has no detect rule"}
	}
	p := w.product(pkg.Product)
	d := events.Detection{Known: true, Installed: p.there != "", Version: p.there}
	if d.Matches = p.there == want; removes(a) {
		d.Matches = p.there == ""
	}
	return d
}

// removes: after the action nothing is there.
func removes(a events.Action) bool { return a == events.ActionUninstall || a == events.ActionOnce }
