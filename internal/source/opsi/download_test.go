// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"strings"
	"testing"
)

func TestDepotURL(t *testing.T) {
	for in, want := range map[string]string{
		"webdavs://depot.site.test:4447/depot": "https://depot.site.test:4447/depot", "https://depot.site.test:4447/depot/": "https://depot.site.test:4447/depot",
		"webdavs://depot.site.test/depot": "https://depot.site.test:4447/depot", " webdavs://[::1]:4447/dav ": "https://[::1]:4447/dav",
	} {
		if got, err := DepotURL(in); err != nil || got.String() != want {
			t.Errorf("%q is %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "smb://depot/opsi_depot", "webdav://depot.site.test:4447/depot", "http://depot/depot", "webdavs:///depot", "webdavs:depot",
		"webdavs://pc1.site.test:geheim@depot/depot", "https://u:geheim@de pot/", "webdavs://depot/depot?x=1", "webdavs://depot/depot#x", "https://depot:port/"} {
		if got, err := DepotURL(in); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q is %v, %v", in, got, err)
		}
	}
}

func TestNewDownloads(t *testing.T) {
	key, err := ParseKey(strings.Repeat("a", 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewDownloads(nil, Credentials{HostID: "pc1.site.test", Key: key}, ""); err != nil {
		t.Error(err)
	}
	for _, c := range []Credentials{{}, {HostID: "pc1.site.test"}, {HostID: "pc1", Key: key}, {HostID: "PC1.site.test", Key: key}} {
		if _, err := NewDownloads(nil, c, ""); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
