// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// kinds are the reasons for which a mutant may live, with what each means.
func kinds() map[string]string {
	return map[string]string{
		"equal":       "behaves the same for every input",
		"speed":       "the same result, sooner or later, or with more or less memory",
		"text":        "only the wording of an error or a note",
		"unreachable": "a defence against what cannot happen today",
		"machine":     "needs what a test cannot bring about: a failing system call, another platform, an order of threads",
		"elsewhere":   "noticed by tests of another package, or by the rigs, which do not run here",
		"open":        "a test is missing",
	}
}

// reason says why a survivor may live.
type reason struct {
	mutant
	Kind string `toml:"kind"`
	Why  string `toml:"why"`
}

func readReasons(path string) (map[mutant]reason, error) {
	var file struct {
		Survivor []reason `toml:"survivor"`
	}
	meta, err := toml.DecodeFile(path, &file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the reasons: %w", err)
	}
	if rest := meta.Undecoded(); len(rest) > 0 {
		return nil, fmt.Errorf("cannot read the reasons: %s: unknown key %s", path, rest[0])
	}
	out := map[mutant]reason{}
	for _, r := range file.Survivor {
		if kinds()[r.Kind] == "" {
			return nil, fmt.Errorf("%s: %s %q has the unknown kind %q", path, r.File, r.Change, r.Kind)
		}
		if strings.TrimSpace(r.Why) == "" {
			return nil, fmt.Errorf("%s: %s %q has no reason", path, r.File, r.Change)
		}
		if _, twice := out[r.mutant]; twice {
			return nil, fmt.Errorf("%s: %s %q is there twice", path, r.File, r.Change)
		}
		out[r.mutant] = r
	}
	return out, nil
}

// of finds the reason for a mutant, wherever its line is now.
func of(reasons map[mutant]reason, m mutant) (reason, bool) {
	m.at = 0
	r, ok := reasons[m]
	return r, ok
}

// judge returns an error that names everything that is not as it must be.
func judge(results []result, reasons map[mutant]reason, least float64) error {
	var errs []error
	if len(results) == 0 {
		errs = append(errs, errors.New("nothing was measured"))
	}
	for _, r := range results {
		if r.Score < least {
			errs = append(errs, fmt.Errorf("%s: %.1f %%, wanted %.0f %%", r.Package, r.Score, least))
		}
		for _, m := range r.survivors {
			if _, ok := of(reasons, m); !ok {
				errs = append(errs, fmt.Errorf("%s:%d: a survivor without a reason: %s", m.File, m.at, m.Change))
			}
		}
	}
	return errors.Join(errs...)
}

// needless are the reasons whose mutants do not live any more.
func needless(results []result, reasons map[mutant]reason) []mutant {
	left := map[mutant]bool{}
	for _, r := range results {
		for m := range reasons {
			if strings.HasPrefix(m.File, r.Package+"/") {
				left[m] = true
			}
		}
	}
	for _, r := range results {
		for _, m := range r.survivors {
			m.at = 0
			delete(left, m)
		}
	}
	var out []mutant
	for m := range left {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b mutant) int { return strings.Compare(a.File+a.Func+a.Change, b.File+b.Func+b.Change) })
	return out
}

func writeFigures(path string, results []result, reasons map[mutant]reason) error {
	type survivor struct {
		mutant
		At   int    `json:"at"`
		Kind string `json:"kind"`
		Why  string `json:"why"`
	}
	out := struct {
		Packages  []result   `json:"packages"`
		Survivors []survivor `json:"survivors"`
	}{Packages: results}
	for _, r := range results {
		for _, m := range r.survivors {
			why, _ := of(reasons, m)
			out.Survivors = append(out.Survivors, survivor{m, m.at, why.Kind, why.Why})
		}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
