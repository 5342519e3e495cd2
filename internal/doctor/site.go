// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
)

func (v *visit) config(context.Context) []Finding {
	c, err := v.conf()
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []Finding{finding("config_hidden", data{"Error": err.Error()})}
	case err != nil:
		return []Finding{finding("config_bad", data{"Error": err.Error()})}
	}
	var out []Finding
	for _, w := range c.Warnings() {
		out = append(out, finding("config_note", data{"Text": w.String()}))
	}
	switch {
	case out != nil:
	case c.Path == "":
		out = append(out, finding("config_default", nil))
	default:
		out = append(out, finding("config_ok", data{"Path": c.Path}))
	}
	return out
}

func (v *visit) depot(context.Context) []Finding {
	c, err := v.conf()
	if err != nil {
		return []Finding{finding("depot_unknown", nil)}
	}
	if c.Source.Depot == "" {
		return []Finding{finding("depot_fetched", nil)}
	}
	n, code := v.folder(c.Source.Depot)
	if code == "ok" && n == 0 {
		code = "empty"
	}
	return []Finding{finding("depot_"+code, data{"Path": c.Source.Depot, "N": n})}
}

func (v *visit) overlay(context.Context) []Finding {
	c, err := v.conf()
	switch {
	case err != nil:
		return []Finding{finding("overlay_unknown", nil)}
	case c.Overlay == "":
		return []Finding{finding("overlay_none", nil)}
	}
	n, code := v.folder(c.Overlay)
	if code == "no_folder" {
		code = "unreadable"
	}
	return []Finding{finding("overlay_"+code, data{"Path": c.Overlay, "N": n})}
}

// folder looks into a folder. A user without rights cannot tell what root sees.
func (v *visit) folder(path string) (n int, code string) {
	n, err := v.Files.Count(path)
	switch {
	case err == nil:
		return n, "ok"
	case errors.Is(err, fs.ErrNotExist):
		return 0, "missing"
	case errors.Is(err, fs.ErrPermission) && v.UID > 0:
		return 0, "hidden"
	}
	if e, err := v.Files.Entry(path); err == nil && e.Mode.IsRegular() {
		return 0, "no_folder"
	}
	return 0, "unreadable"
}

// Room on the disk, in bytes: below the first something should be done, below
// the second the service may stop at any record.
const (
	littleRoom = 1 << 30
	noRoom     = 100 << 20
)

func (v *visit) space(context.Context) []Finding {
	places := []string{v.StateDir}
	if c, err := v.conf(); err == nil && c.Source.Depot != "" && filepath.Clean(c.Source.Depot) != v.StateDir {
		places = append(places, c.Source.Depot)
	}
	var out []Finding
	for i, path := range places {
		free, err := v.Host.FreeSpace(path)
		d := data{"Path": path, "Free": free}
		switch {
		case err != nil:
			d["Error"] = err.Error()
			out = append(out, finding("space_unknown", d))
		case i > 0: // what is written there is the depot's own affair
			out = append(out, finding("space_ok", d))
		case free < noRoom:
			out = append(out, finding("space_none", d))
		case free < littleRoom:
			out = append(out, finding("space_little", d))
		default:
			out = append(out, finding("space_ok", d))
		}
	}
	return out
}
