// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestDepot is what a host may do with the depot, and how it answers.
func TestDepot(t *testing.T) {
	h := &hands{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	s, pc := start(t, Options{Now: h.now})
	s.AddProduct(Product{ID: "firefox", Files: map[string]string{"sub/it's ä.txt": "hello world"}})
	for _, c := range []struct {
		name, method, path string
		header             http.Header
		status             int
		body               string // part of it
	}{
		{"file", "GET", "/depot/firefox/setup.opsiscript", nil, 200, "[Actions]\n"},
		{"odd name", "GET", "/depot/firefox/sub/it's%20%C3%A4.txt", nil, 200, "hello world"},
		{"head", "HEAD", "/depot/firefox/setup.opsiscript", nil, 200, ""},
		{"part", "GET", "/depot/firefox/sub/it's%20%C3%A4.txt", http.Header{"Range": {"bytes=6-"}}, 206, "world"},
		{"nothing there", "GET", "/depot/firefox/none", nil, 404, ""},
		{"folder of files", "PROPFIND", "/depot/firefox", http.Header{"Depth": {"1"}}, 207,
			`<D:href>/depot/firefox/setup.opsiscript</D:href><D:propstat><D:prop><D:resourcetype></D:resourcetype><D:getcontentlength>10</D:getcontentlength><D:getlastmodified>Wed, 04 Mar 2026 05:06:07 GMT</D:getlastmodified>`},
		{"folder in a folder", "PROPFIND", "/depot/firefox/", http.Header{"Depth": {"1"}}, 207,
			`<D:href>/depot/firefox/sub/</D:href><D:propstat><D:prop><D:resourcetype><D:collection></D:collection></D:resourcetype>`},
		{"the depot", "PROPFIND", "/depot", http.Header{"Depth": {"1"}}, 207, `<D:href>/depot/firefox/</D:href>`},
		{"a file", "PROPFIND", "/depot/firefox/setup.opsiscript", http.Header{"Depth": {"0"}}, 207, `<D:getcontentlength>10<`},
		{"odd name in a list", "PROPFIND", "/depot/firefox/sub", http.Header{"Depth": {"1"}}, 207, `/depot/firefox/sub/it%27s%20%C3%A4.txt`},
		{"list of nothing", "PROPFIND", "/depot/none", http.Header{"Depth": {"1"}}, 404, ""},
		{"everything at once", "PROPFIND", "/depot", nil, 403, ""},
		{"options", "OPTIONS", "/depot/firefox", nil, 200, ""},
		{"write", "PUT", "/depot/firefox/x", nil, 401, "Permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pc.header = http.Header{"Cookie": pc.header["Cookie"]}
			for name, v := range c.header {
				pc.header[name] = v
			}
			r := pc.do(c.method, c.path, nil)
			if r.err != nil || r.status != c.status || !strings.Contains(string(r.body), c.body) {
				t.Errorf("%d %v %s", r.status, r.err, r.body)
			}
		})
	}
	pc.header = http.Header{}
	if r := newPeer(t, s, "", "").do("GET", "/depot/firefox/setup.opsiscript", nil); r.status != 401 || strings.Contains(string(r.body), "{") {
		t.Errorf("without a login: %d %s", r.status, r.body)
	}
	// A depth of 0 tells of the folder alone.
	pc.header.Set("Depth", "0")
	if r := pc.do("PROPFIND", "/depot/firefox", nil); r.status != 207 || strings.Contains(string(r.body), "setup") {
		t.Errorf("depth 0: %d %s", r.status, r.body)
	}
}

// TestFileList is the form of <id>.files (contract 6).
func TestFileList(t *testing.T) {
	s := Start(t, Options{})
	s.AddProduct(Product{ID: "p", Scripts: map[string]string{"setup": "s"}, Files: map[string]string{"a/b/it's": "hello", "a/c": ""}})
	const want = `d 'a' 0 
d 'a/b' 0 
f 'a/b/it\'s' 5 5d41402abc4b2a76b9719d911017c592
f 'a/c' 0 d41d8cd98f00b204e9800998ecf8427e
f 's' 10 439254c38db92f7ea48613538c35f276
`
	got := string(s.ReadFile("p/p.files"))
	if got != want {
		t.Errorf("%s", got)
	}
	s.WriteFile("p/a/c", []byte("changed"))
	if string(s.ReadFile("p/p.files")) != got {
		t.Error("a changed file changes the list by itself")
	}
	s.ListFiles("p")
	if again := string(s.ReadFile("p/p.files")); again == got || strings.Contains(again, "p.files") {
		t.Errorf("a new list is the old one, or lists itself: %s", again)
	}
	s.RemoveFile("p/a")
	if s.ReadFile("p/a/c") != nil || s.ReadFile("p/s") == nil {
		t.Error("removed the wrong files")
	}
}

// TestFileChangesInTheMiddle: a download is cut, and the rest is another file's.
func TestFileChangesInTheMiddle(t *testing.T) {
	s, pc := start(t, Options{})
	s.WriteFile("p/big", []byte("aaaaaaaaaa"))
	s.Break(Fault{Kind: Half, Path: "/depot/p/big"})
	r := pc.do("GET", "/depot/p/big", nil)
	if string(r.body) != "aaaaa" || r.err == nil {
		t.Fatalf("%s %v", r.body, r.err)
	}
	s.WriteFile("p/big", []byte("bbbbbbbbbb"))
	pc.header.Set("Range", "bytes=5-")
	if r := pc.do("GET", "/depot/p/big", nil); r.status != 206 || string(r.body) != "bbbbb" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
