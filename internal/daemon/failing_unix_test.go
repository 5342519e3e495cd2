// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFailingWorkIsTold: a report that cannot be written shows with its error,
// is tried again, and is gone from the view when it was written.
func TestFailingWorkIsTold(t *testing.T) {
	s := newSite(t, "")
	obstacle := filepath.Join(s.state, "local", ".app.json.quietsetup-new")
	s.write("depot/app/CLIENT_DATA/setup.sh", "#!/bin/sh\nset -eu\necho 2.0 >"+s.product+"/version\nuntil mkdir -p "+obstacle+"/in-the-way; do sleep 0.05; done\n") // it is a file while a report is written
	s.started()
	if _, err := s.client.Request(t.Context(), "app", "setup", false, "test"); err != nil {
		t.Fatal(err)
	}
	s.until("the report fails", func() bool { return len(s.show().Failing) > 0 })
	f := s.show().Failing[0]
	if f.Work != "send_report" || f.Tries < 1 || f.Again.IsZero() || !strings.Contains(f.Error, "cannot write") {
		t.Errorf("%+v", f)
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	s.until("it is reported, and told no more", func() bool { p := s.show(); return p.Phase == "reported" && len(p.Failing) == 0 })
}

// TestClipped bounds what a program may have printed.
func TestClipped(t *testing.T) {
	if got := clipped(strings.Repeat("ü", 2000)); len(got) > 1010 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes, %q", len(got), got[len(got)-10:])
	}
	if got := clipped("a\xffb"); got != "ab" {
		t.Errorf("%q", got)
	}
}
