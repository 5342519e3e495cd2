// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// service is the server as opsi-script talks to it: JSON-RPC 1.0, packed, a cookie
// and the name both, and nobody's certificate looked at.
type service struct {
	url, user, password, cookie string
	http                        *http.Client
}

func newService(o options) *service {
	url := strings.TrimSuffix(o.url, "/")
	if !strings.HasSuffix(url, "/rpc") {
		url += "/rpc"
	}
	return &service{url: url, user: o.user, password: o.password, http: &http.Client{Timeout: time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}}}
}

// call makes one call. into may be nil.
func (s *service) call(into any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	text, err := json.Marshal(map[string]any{"id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, s.url, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("Accept-Encoding", "gzip, identity")
	req.Header.Set("User-Agent", "opsi-script / 4.12.21.0")
	req.SetBasicAuth(s.user, s.password)
	if s.cookie != "" {
		req.Header.Set("Cookie", "NULL; opsiconfd-session="+s.cookie)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == "opsiconfd-session" {
			s.cookie = c.Value
		}
	}
	var r io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if r, err = gzip.NewReader(r); err != nil {
			return err
		}
	}
	answer := struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}{}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %s: %w", method, resp.Status, err)
	}
	if resp.StatusCode != http.StatusOK || len(answer.Error) > 0 && string(answer.Error) != "null" {
		return fmt.Errorf("%s: %s: %s", method, resp.Status, answer.Error)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, into)
}
