// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/order"
)

// version is a product's version on a depot.
type version struct {
	ProductID      string `json:"productId"`
	ProductVersion string `json:"productVersion"`
	PackageVersion string `json:"packageVersion"`
	DepotID        string `json:"depotId"`
}

func (v version) text() string { return events.JoinVersion(v.ProductVersion, v.PackageVersion) }

// product is what the server knows of a product in one version.
type product struct {
	ID             string `json:"id"`
	ProductVersion string `json:"productVersion"`
	PackageVersion string `json:"packageVersion"`
	Priority       int    `json:"priority"`
	Name           string `json:"name"`
	productScripts
}

// productScripts are what opsi-script runs, "" = nothing.
type productScripts struct {
	Setup     string `json:"setupScript"`
	Update    string `json:"updateScript"`
	Uninstall string `json:"uninstallScript"`
	Always    string `json:"alwaysScript"`
	Once      string `json:"onceScript"`
	Custom    string `json:"customScript"`
}

// dependency is one of a product in one version on another product.
type dependency struct {
	ProductID                  string        `json:"productId"`
	ProductVersion             string        `json:"productVersion"`
	PackageVersion             string        `json:"packageVersion"`
	ProductAction              events.Action `json:"productAction"`
	RequiredProductID          string        `json:"requiredProductId"`
	RequiredProductVersion     string        `json:"requiredProductVersion"`
	RequiredPackageVersion     string        `json:"requiredPackageVersion"`
	RequiredAction             events.Action `json:"requiredAction"`
	RequiredInstallationStatus string        `json:"requiredInstallationStatus"`
	RequirementType            string        `json:"requirementType"`
}

// offers are what the client's depot has.
type offers struct {
	depot        string // its id; "" = nothing was asked
	address      string // where its files are; "" = not told
	versions     map[string]version
	products     []product
	dependencies []dependency
}

// priority is that of a product's action: what is set up first is removed last.
func (o offers) priority(id string, a events.Action) int {
	v := o.versions[id]
	for _, p := range o.products {
		if p.ID == id && p.ProductVersion == v.ProductVersion && p.PackageVersion == v.PackageVersion {
			if a == events.ActionUninstall {
				return -order.Clip(p.Priority)
			}
			return order.Clip(p.Priority)
		}
	}
	return 0
}

// ties are who must be before whom, by the dependencies of what is wanted in the
// versions that the depot has. One on a version that the depot does not have is
// left out, as the server does: nobody could fulfil it. What must be done first
// may not be wanted any more; it is waited for all the same. What must come
// later has to be wanted. If something else is wanted of what must be done first, no
// order can give both; then say is told, and each is done for itself.
func (o offers) ties(wanted map[string]events.Action, say func(product, line string)) []tie {
	var out []tie
	for _, d := range o.dependencies {
		a := wanted[d.ProductID]
		v, there := o.versions[d.ProductID]
		required, offered := o.versions[d.RequiredProductID]
		switch {
		case !there || a == "" || a != d.ProductAction || d.ProductID == d.RequiredProductID,
			d.ProductVersion != v.ProductVersion || d.PackageVersion != v.PackageVersion,
			!offered,
			d.RequiredProductVersion != "" && d.RequiredProductVersion != required.ProductVersion,
			d.RequiredPackageVersion != "" && d.RequiredPackageVersion != required.PackageVersion:
			continue
		}
		var x tie
		switch d.RequirementType {
		case "before":
			x = tie{d.RequiredProductID, d.ProductID, d.status()}
			if leads := about(wanted[x.first]); leads != "" && x.status != "" && leads != x.status {
				say(d.ProductID, fmt.Sprintf("%s of it needs %s %s before, and of that %s is wanted: each is done for itself", a, x.first, x.status, wanted[x.first]))
				continue
			}
		case "after":
			if wanted[d.RequiredProductID] == "" {
				continue
			}
			x = tie{d.ProductID, d.RequiredProductID, about(a)}
		default:
			continue
		}
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// status is what the required product must be.
func (d dependency) status() string {
	if d.RequiredAction != "" {
		return about(d.RequiredAction)
	}
	return d.RequiredInstallationStatus
}

// about is the status that an action leads to, "" if it is about none.
func about(a events.Action) string {
	switch a {
	case events.ActionSetup, events.ActionUpdate, events.ActionAlways:
		return events.StatusInstalled
	case events.ActionUninstall, events.ActionOnce:
		return events.StatusNotInstalled
	}
	return ""
}
