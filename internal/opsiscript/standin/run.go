// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// object is a row of the server.
type object map[string]any

func (o object) text(name string) string { s, _ := o[name].(string); return s }

// session is one run of the program.
type session struct {
	options
	*service
	depotID string
	wish    string // of all products; see wishes
	failed  bool
	code    int // -1 = the right one
	log     string
}

// run does all that is requested, as far as it is among the products, and returns
// the exit code.
func run(o options) (int, error) {
	s := &session{options: o, service: newService(o), code: -1}
	var rows, methods []object
	if err := s.call(&methods, "backend_getInterface"); err != nil {
		return 1, err
	}
	if err := s.call(&s.depotID, "getDepotId", o.client); err != nil {
		return 1, err
	}
	if err := s.call(&rows, "productOnClient_getObjectsWithSequence", "", object{"clientId": o.client, "productType": "LocalbootProduct"}); err != nil {
		return 1, err
	}
	for _, row := range rows {
		id := row.text("productId")
		if o.login || o.fixed != nil && !slices.Contains(o.fixed, id) {
			continue
		}
		if a := row.text("actionRequest"); o.fixed == nil && (a == "" || a == "none") || o.products != nil && !slices.Contains(o.products, id) {
			continue
		}
		e, err := s.product(id)
		if err != nil {
			return 1, err
		}
		s.code = max(s.code, e.code)
		if e.now || e.wait { // the others wait for the next run
			break
		}
	}
	return s.finish()
}

// finish sends the log and logs out. The wish is left for the agent.
func (s *session) finish() (int, error) {
	if err := s.call(nil, "log_write", "instlog", s.log+"-------- submitted part of log file ends here, see the rest of log file on client\n", s.client, false); err != nil {
		return 1, err
	}
	if err := s.call(nil, "backend_exit"); err != nil {
		return 1, err
	}
	if folder := os.Getenv("STANDIN_HANDOVER"); folder != "" && s.wish != "" && s.wish != "logout" {
		if err := os.WriteFile(filepath.Join(folder, s.wish), nil, 0o644); err != nil {
			return 1, err
		}
	}
	switch {
	case s.code >= 0:
		return s.code, nil
	case s.failed:
		return 1, nil
	}
	return 0, nil
}

// read is the product's row.
func (s *session) read(id string) (object, error) {
	var rows []object
	err := s.call(&rows, "productOnClient_getObjects", "", object{"clientId": s.client, "productId": id, "productType": "LocalbootProduct"})
	if err != nil || len(rows) != 1 {
		return nil, fmt.Errorf("%d rows of %s: %w", len(rows), id, err)
	}
	return rows[0], nil
}

// update sends the whole row as it was read, with changes; the server sets the time.
func (s *session) update(row object, changes object) error {
	maps.Copy(row, changes)
	row["modificationTime"], row["actionSequence"] = nil, nil
	return s.call(nil, "productOnClient_updateObject", row)
}

// product does one product: the steps of the life cycle.
func (s *session) product(id string) (ending, error) {
	row, err := s.read(id)
	if err != nil {
		return ending{code: -1}, err
	}
	request, initial := row.text("actionRequest"), row.text("installationStatus")
	if s.fixed != nil {
		request = "setup"
	}
	if request == "none" {
		return ending{code: -1}, nil // taken back meanwhile
	}
	var about object
	if err := s.call(&about, "getProduct_hash", id, s.depotID); err != nil {
		return ending{code: -1}, err
	}
	start := map[string]string{"setup": "installing", "always": "installing", "uninstall": "uninstalling"}[request]
	if start != "" {
		for _, changes := range []object{{"actionProgress": start}, {"actionProgress": start}, {"installationStatus": "unknown"}} {
			if err := s.update(row, changes); err != nil {
				return ending{code: -1}, err
			}
		}
	}
	s.log += "[5] [2026-01-01 00:00:00.000] [" + id + "] " + request + "\n"
	e := s.script(id, about.text(request+"Script"))
	if err := e.after(s, row); err != nil || e.now {
		return e, err
	}
	if e.exit != nil {
		return e, s.update(row, e.exit)
	}
	if request == "setup" && !e.fatal && about.text("updateScript") != "" {
		if err := s.call(nil, "setProductActionRequest", id, s.client, "update"); err != nil {
			return e, err
		}
		progress := row["actionProgress"]
		if row, err = s.read(id); err != nil {
			return e, err
		}
		row["actionProgress"] = progress
		more := s.script(id, about.text("updateScript"))
		e.fatal = e.fatal || more.fatal
	}
	if err := s.end(row, request, initial, about, e); err != nil {
		return e, err
	}
	s.failed = s.failed || e.fatal
	return e, nil
}

// end writes the end of a product, and after it what a deferred or suspended script
// writes over that.
func (s *session) end(row object, request, initial string, about object, e ending) error {
	last := object{"actionResult": "successful", "actionRequest": "none", "lastAction": request, "actionProgress": ""}
	switch {
	case request == "custom":
		last["installationStatus"] = initial
	case e.fatal:
		last["installationStatus"] = "unknown"
	default:
		last["installationStatus"] = map[string]string{"uninstall": "not_installed", "once": "not_installed"}[request]
		if last["installationStatus"] == "" {
			last["installationStatus"] = "installed"
		}
	}
	if e.fatal {
		last["actionResult"], last["actionProgress"] = "failed", e.progress
	}
	if request == "always" {
		last["actionRequest"] = "always"
	}
	if request != "custom" && !e.deferred {
		last["productVersion"], last["packageVersion"] = about["productVersion"], about["packageVersion"]
	}
	lastAction := row["lastAction"]
	switch {
	case e.deferred:
		// As the real one: by now the request that it remembers is none.
		return s.update(row, object{"actionProgress": "Deferred", "actionResult": "none", "actionRequest": last["actionRequest"], "lastAction": lastAction, "installationStatus": initial})
	case e.suspended:
		last["actionProgress"], last["actionResult"], last["actionRequest"], last["installationStatus"] = "Suspended", "none", request, "unknown"
	}
	return s.update(row, last)
}
