// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"
)

// store takes a glance at the log. Whether each record is what was written is
// for store check.
func (v *visit) store(context.Context) []Finding {
	g, err := v.glance()
	d := data{"Dir": v.StateDir, "Own": !v.Default, "Seq": g.Seq, "Kept": g.Kept}
	if !g.At.IsZero() {
		d["Age"] = max(0, v.Now().Sub(g.At)).Round(time.Second)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []Finding{finding("store_hidden", d)}
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{finding("store_missing", d)}
	case g.Newer:
		return []Finding{finding("store_newer", d)}
	case err != nil:
		d["Error"] = err.Error()
		return []Finding{finding("store_unreadable", d)}
	}
	var out []Finding
	if !g.InUse && !g.Clean {
		out = append(out, finding("store_unclean", d))
	}
	if g.Pending {
		out = append(out, finding("store_pending", d))
	}
	if g.Kept > 0 {
		out = append(out, finding("store_kept", d))
	}
	switch {
	case out != nil:
	case g.Seq == 0:
		out = append(out, finding("store_empty", d))
	default:
		out = append(out, finding("store_ok", d))
	}
	return out
}

// A clock outside of these years was never set. Apart by more than tolerance,
// the clock is not the one that the last record was written by.
const (
	firstYear = 2025
	lastYear  = 2100
	tolerance = time.Minute
)

func (v *visit) clock(context.Context) []Finding {
	now := v.Now()
	d := data{"Now": now}
	if y := now.UTC().Year(); y < firstYear || y > lastYear {
		return []Finding{finding("clock_year", d)}
	}
	if last := v.lastRecord(); last.After(now.Add(tolerance)) {
		return []Finding{finding("clock_behind", data{"Now": now, "Last": last})}
	}
	synced, err := v.Host.ClockSynced()
	switch {
	case err != nil:
		return []Finding{finding("clock_unknown", d)}
	case !synced:
		return []Finding{finding("clock_not_set", d)}
	}
	return []Finding{finding("clock_ok", d)}
}

// lastRecord is when the last record was written, zero if that cannot be seen.
func (v *visit) lastRecord() time.Time {
	g, err := v.glance()
	if err != nil {
		return time.Time{}
	}
	return g.At
}

// lowBattery is the charge in percent below which an installation might not end.
const lowBattery = 20

func (v *visit) power(context.Context) []Finding {
	p, err := v.Host.Power()
	d := data{"Percent": p.Percent}
	switch {
	case err != nil:
		return []Finding{finding("power_unknown", d)}
	case p.Mains:
		return []Finding{finding("power_mains", d)}
	case p.Percent >= 0 && p.Percent < lowBattery:
		return []Finding{finding("power_low", d)}
	}
	return []Finding{finding("power_battery", d)}
}

// rebootMark is how Debian's packages say that a restart is wanted.
const rebootMark = "/run/reboot-required"

func (v *visit) reboot(context.Context) []Finding {
	var out []Finding
	if s, err := v.status(); err == nil && len(s.Reboot) > 0 {
		out = append(out, finding("reboot_products", data{"Products": strings.Join(s.Reboot, ", ")}))
	}
	if v.System == "linux" {
		if _, err := v.Files.Entry(rebootMark); err == nil {
			out = append(out, finding("reboot_system", nil))
		}
	}
	if v.Windows != nil {
		if wanted, err := v.Windows.RebootWanted(); err == nil && wanted {
			out = append(out, finding("reboot_system", nil))
		}
	}
	if out == nil {
		out = append(out, finding("reboot_none", nil))
	}
	return out
}
