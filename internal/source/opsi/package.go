// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// depotObject is a depot as the server keeps it.
type depotObject struct {
	ID     string `json:"id"`
	WebDAV string `json:"depotWebdavUrl"`
}

// hostCall asks for a depot's addresses.
func hostCall(depot string, into *[]depotObject) *Call {
	return &Call{Method: "host_getObjects", Params: []any{[]string{"id", "depotWebdavUrl"}, filter{"type": "OpsiDepotserver", "id": depot}}, Into: into, Reads: true}
}

func addressOf(depots []depotObject, depot string) string {
	for _, d := range depots {
		if strings.EqualFold(d.ID, depot) {
			return d.WebDAV
		}
	}
	return ""
}

// offering is what the depot had in the last look, or has now if that did not ask
// about the product: a start finds work that is due before it has looked.
func (s *Source) offering(ctx context.Context, id string) (offers, error) {
	s.mu.Lock()
	o, depot := s.offered, s.depot
	s.mu.Unlock()
	if o.depot != "" && o.depot == depot && o.address != "" && (id == "" || o.product(id) != nil) {
		return o, nil
	}
	if depot == "" {
		var depots []clientDepot
		if err := ask(ctx, s.parts.Server, []*Call{s.depotCall(&depots)}); err != nil {
			return offers{}, err
		}
		var err error
		if depot, err = depotOf(depots, s.parts.Server.HostID()); err != nil {
			return offers{}, err
		}
	}
	return s.offers(ctx, depot, []string{id})
}

// product is a product in the version that the depot has, nil if that is not known.
func (o offers) product(id string) *product {
	v, there := o.versions[id]
	for i, p := range o.products {
		if there && p.ID == id && p.ProductVersion == v.ProductVersion && p.PackageVersion == v.PackageVersion {
			return &o.products[i]
		}
	}
	return nil
}

// DepotURL is where the depot of this client gives its files out by HTTPS.
func (s *Source) DepotURL(ctx context.Context) (string, error) {
	o, err := s.offering(ctx, "")
	if err != nil {
		return "", fmt.Errorf("cannot find the depot: %w", err)
	}
	if o.address == "" {
		return "", fmt.Errorf("cannot find the depot: %w: it names no depotWebdavUrl for %s", ErrAnswer, line(o.depot))
	}
	return o.address, nil
}

// Control is a control file of what the server knows of a product in the version
// that the depot has: beside the product's files there is none. nil = the depot does
// not have the product. Dependencies are not in it; they count in the order.
func (s *Source) Control(ctx context.Context, id string) ([]byte, error) {
	o, err := s.offering(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("cannot read what the server knows of %s: %w", line(id), err)
	}
	p := o.product(id)
	if p == nil {
		return nil, nil
	}
	// A JSON text is a TOML text, with the same escapes.
	quote := func(s string) string {
		b, _ := json.Marshal(s) // a string
		return string(b)
	}
	text := fmt.Appendf(nil, "[Package]\nversion = %s\n\n[Product]\ntype = \"LocalbootProduct\"\nid = %s\nname = %s\nversion = %s\npriority = %d\n",
		quote(p.PackageVersion), quote(p.ID), quote(line(p.Name)), quote(p.ProductVersion), p.Priority)
	for _, script := range []struct{ key, name string }{{"setupScript", p.Setup}, {"updateScript", p.Update}, {"uninstallScript", p.Uninstall},
		{"alwaysScript", p.Always}, {"onceScript", p.Once}, {"customScript", p.Custom}} {
		if script.name != "" {
			text = fmt.Appendf(text, "%s = %s\n", script.key, quote(line(script.name)))
		}
	}
	return text, nil
}
