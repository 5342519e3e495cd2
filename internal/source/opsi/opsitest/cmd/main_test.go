// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSite asks the running program for its requests, as its output says.
func TestSite(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0", "-dir", dir}, w)
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	url := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "url      = "); ok {
			url = strings.Trim(v, `"`)
		}
		if strings.HasPrefix(lines.Text(), "An admin") {
			break
		}
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "host.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"method":"productOnClient_getObjectsWithSequence","params":[[],{"clientId":"`+clientID+`"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(clientID, strings.TrimSpace(string(key)))
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"productId":"accounting"`) {
		t.Errorf("%v %s", err, body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestNoSite: what stands in the way is said.
func TestNoSite(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"-listen", "nowhere"}, {"-listen", "127.0.0.1:0", "-dir", filepath.Join(t.TempDir(), "none")}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v runs", args)
		}
	}
}
