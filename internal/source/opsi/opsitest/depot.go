// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// depotRoot is where the depot is served.
const depotRoot = "/depot"

// depotFile is one file of the depot.
type depotFile struct {
	data     []byte
	modified time.Time
}

// WriteFile puts a file into the depot: "firefox/setup.opsiscript". It leaves the
// product's list of files as it is, see [Server.ListFiles].
func (s *Server) WriteFile(name string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeFile(name, data)
}

func (s *Server) writeFile(name string, data []byte) {
	s.depot[name] = depotFile{bytes.Clone(data), s.now()}
}

// RemoveFile takes a file, or a folder with all in it, from the depot.
func (s *Server) RemoveFile(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.depot, func(file string, _ depotFile) bool { return file == name || strings.HasPrefix(file, name+"/") })
}

// ReadFile is a file of the depot; nil = there is none.
func (s *Server) ReadFile(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.depot[name].data)
}

// ListFiles writes <id>/<id>.files, the list that a package brings along: a line
// for each entry but itself (contract 6).
func (s *Server) ListFiles(product string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listFiles(product)
}

func (s *Server) listFiles(product string) {
	own := product + "/" + product + ".files"
	var out strings.Builder
	quote := func(name string) string { return "'" + strings.ReplaceAll(name, "'", `\'`) + "'" }
	folders := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.depot)) {
		rel, ok := strings.CutPrefix(name, product+"/")
		if !ok || name == own {
			continue
		}
		for i, c := range rel {
			if c == '/' && !folders[rel[:i]] {
				folders[rel[:i]] = true
				fmt.Fprintf(&out, "d %s 0 \n", quote(rel[:i]))
			}
		}
		data := s.depot[name].data
		sum := md5.Sum(data)
		fmt.Fprintf(&out, "f %s %d %s\n", quote(rel), len(data), hex.EncodeToString(sum[:]))
	}
	s.writeFile(own, []byte(out.String()))
}

// serveDepot answers any host that is logged in; only admins may write, and here
// nobody does (contract 6).
func (s *Server) serveDepot(w http.ResponseWriter, r *http.Request, who caller) {
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, depotRoot), "/")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		f, ok := s.depot[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		// As wsgidav does: the date, a tag of name, date and size, and parts on demand.
		// Quirk: a file that is replaced within a second by one of its size keeps its tag.
		at := md5.Sum([]byte(name))
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%d-%d"`, at, f.modified.Unix(), len(f.data)))
		http.ServeContent(w, r, "", f.modified, bytes.NewReader(f.data))
	case http.MethodOptions:
		w.Header().Set("DAV", "1,2")
		w.Header().Set("Allow", "OPTIONS, HEAD, GET, PROPFIND")
	case "PROPFIND":
		s.findProperties(w, r, name)
	default:
		if !who.admin {
			refuse(w, r, failure{status: http.StatusUnauthorized, text: "Permission denied"})
			return
		}
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// response is one entry of a multistatus.
type response struct {
	Href string   `xml:"D:href"`
	Stat propstat `xml:"D:propstat"`
}

type propstat struct {
	Prop   prop   `xml:"D:prop"`
	Status string `xml:"D:status"`
}

type prop struct {
	Type     resourceType `xml:"D:resourcetype"`
	Length   *int         `xml:"D:getcontentlength,omitempty"`
	Modified string       `xml:"D:getlastmodified,omitempty"`
}

type resourceType struct {
	Collection *struct{} `xml:"D:collection"`
}

type multistatus struct {
	XMLName   xml.Name   `xml:"D:multistatus"`
	Space     string     `xml:"xmlns:D,attr"`
	Responses []response `xml:"D:response"`
}

// findProperties lists a file, or a folder and what is in it.
func (s *Server) findProperties(w http.ResponseWriter, r *http.Request, name string) {
	depth := r.Header.Get("Depth")
	if depth != "0" && depth != "1" {
		w.WriteHeader(http.StatusForbidden) // RFC 4918 9.1: a server may refuse "infinity"
		return
	}
	out := multistatus{Space: "DAV:"}
	if f, ok := s.depot[name]; ok {
		out.Responses = append(out.Responses, fileResponse(name, f))
	} else {
		below := s.below(name)
		if len(below) == 0 && name != "" {
			http.NotFound(w, r)
			return
		}
		out.Responses = append(out.Responses, folderResponse(name))
		for _, entry := range below {
			if depth == "0" {
				break
			}
			if f, ok := s.depot[entry]; ok {
				out.Responses = append(out.Responses, fileResponse(entry, f))
			} else {
				out.Responses = append(out.Responses, folderResponse(entry))
			}
		}
	}
	text, err := xml.Marshal(out)
	if err != nil {
		refuse(w, r, failure{status: http.StatusInternalServerError, text: err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = w.Write(append([]byte(xml.Header), text...))
}

// below lists what is directly in a folder.
func (s *Server) below(folder string) []string {
	prefix := folder + "/"
	if folder == "" {
		prefix = ""
	}
	seen := map[string]bool{}
	for name := range s.depot {
		if rel, ok := strings.CutPrefix(name, prefix); ok {
			first, _, _ := strings.Cut(rel, "/")
			seen[prefix+first] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func href(name string) string { return (&url.URL{Path: path.Join(depotRoot, name)}).EscapedPath() }

func fileResponse(name string, f depotFile) response {
	size := len(f.data)
	return response{href(name), propstat{prop{Length: &size, Modified: f.modified.UTC().Format(http.TimeFormat)}, "HTTP/1.1 200 OK"}}
}

func folderResponse(name string) response {
	return response{href(name) + "/", propstat{prop{Type: resourceType{&struct{}{}}}, "HTTP/1.1 200 OK"}}
}
