// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/policy"
)

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the service does not start, or a product cannot be used
	Warning Severity = "warning" // it counts, and is probably not what was meant
)

// Finding is one thing found.
type Finding struct {
	File string // as it was named; of a package below the depot
	Line int    // from 1; 0 = no line can be named
	Key  string // "source.depot", "policy.product.notes.max_defer"; "" = the file as a whole
	Code string // one of Codes; scripts decide by it
	Severity
	// Args are what the sentence about it names. Detail is an English text.
	Args map[string]string
}

// The codes of findings. Those of clashing values are policy.Clashes' own.
const (
	codeUnreadable   = "file-unreadable"
	codeInvalid      = "invalid"
	codeFileRights   = "file-rights"
	codeBadValue     = "bad-value"
	codeTwice        = "said-twice"
	codePolicyKey    = "unknown-policy-key"
	codeProduct      = "unknown-product"
	codeDepot        = "depot-unreadable"
	codeDepotRights  = "depot-rights"
	codeKey          = "key-unusable"
	codeCA           = "ca-unusable"
	codeHidden       = "secret-hidden"
	codeOverlay      = "overlay-unreadable"
	codeRights       = "overlay-rights"
	codeOverlayName  = "overlay-name"
	codeOverlayUnfit = "overlay-unused"
	codeOverlayBad   = "overlay-broken"
	codeOverlaySlip  = "overlay-slip"
)

// Code is what people must know of a code: English, one line.
type Code struct {
	Code     string
	Severity Severity
	Meaning  string
}

// Codes lists all codes a finding can have, those of clashing values last.
func Codes() []Code {
	out := []Code{
		{codeUnreadable, Error, "the config file is not there, is not a plain file, or root must not believe it"},
		{codeInvalid, Error, "it is not TOML, or a key is unknown or has a value it cannot have; the service does not start"},
		{codeFileRights, Warning, "others than root and the caller could change the config file"},
		{codeBadValue, Warning, "a policy key has a value it cannot have; it is ignored, and the next weaker value counts"},
		{codeTwice, Warning, "a policy key stands twice in one table, in two spellings"},
		{codePolicyKey, Warning, "an overlay file names a policy key that this version does not know; it is ignored"},
		{codeProduct, Warning, "the depot has no package for a table [policy.product.<id>]"},
		{codeDepot, Warning, "the depot cannot be read or is empty; products wait until it can be reached"},
		{codeDepotRights, Warning, "others than root and the caller could change the depot, and so what is run"},
		{codeKey, Error, "the file of the host key, or our name at the opsi server, cannot be used; the service does not start"},
		{codeCA, Error, "the file of the server's CA cannot be used; the service does not start"},
		{codeHidden, Warning, "the caller may not read a file that the service needs, so nothing can be said of it"},
		{codeOverlay, Warning, "the overlay folder cannot be read"},
		{codeRights, Warning, "others than root and the caller could change the overlay folder or a file in it"},
		{codeOverlayName, Warning, "a file of the overlay is not read, because its name is not <product id>.toml"},
		{codeOverlayUnfit, Warning, "the depot has no package for a file of the overlay"},
		{codeOverlayBad, Error, "a file of the overlay cannot be used, and so neither can its product"},
		{codeOverlaySlip, Warning, "something in a file of the overlay is ignored or read in another way than written"},
	}
	for _, c := range policy.Clashes() {
		out = append(out, Code{c.Code, Warning, c.Meaning})
	}
	return out
}

// severityOf finds a code's severity.
func severityOf(code string) Severity {
	all := Codes()
	if i := slices.IndexFunc(all, func(c Code) bool { return c.Code == code }); i >= 0 {
		return all[i].Severity
	}
	return Error
}

// Place takes "file:line" apart. A place without a line is all file.
func Place(at string) (file string, line int) {
	if i := strings.LastIndexByte(at, ':'); i >= 0 {
		if n, err := strconv.ParseUint(at[i+1:], 10, 31); err == nil && n > 0 {
			return at[:i], int(n)
		}
	}
	return at, 0
}

// found collects findings.
type found []Finding

func (f *found) add(code, at, key string, args map[string]string) {
	file, line := Place(at)
	*f = append(*f, Finding{File: file, Line: line, Key: key, Code: code, Severity: severityOf(code), Args: args})
}

// sorted are the findings by place, each once.
func (f found) sorted() []Finding {
	slices.SortStableFunc(f, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Code, b.Code))
	})
	return f
}

func detail(err error) map[string]string { return map[string]string{"Detail": err.Error()} }
