// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"encoding/hex"
	"testing"
)

// TestBlowfish compares with the published vectors of the cipher's author.
func TestBlowfish(t *testing.T) {
	if w := piWords(18 + 4*256); w[0] != 0x243F6A88 || w[17] != 0x8979FB1B || w[len(w)-1] != 0x3AC372E6 {
		t.Fatalf("pi begins %x and ends %x", w[0], w[len(w)-1])
	}
	for _, c := range []struct{ key, plain, want string }{
		{"0000000000000000", "0000000000000000", "4ef997456198dd78"},
		{"ffffffffffffffff", "ffffffffffffffff", "51866fd5b85ecb8a"},
		{"0123456789abcdef", "1111111111111111", "61f9c3802281b096"},
	} {
		key, _ := hex.DecodeString(c.key)
		plain, _ := hex.DecodeString(c.plain)
		got := newBlowfish(key).encrypt([8]byte(plain))
		if hex.EncodeToString(got[:]) != c.want {
			t.Errorf("%s under %s is %x, want %s", c.plain, c.key, got, c.want)
		}
	}
}

// TestCredentials compares with what openssl makes of the same password and key:
//
//	openssl enc -bf-cbc -provider legacy -provider default -nopad -K <key> -iv <hex of OPSI1234>
func TestCredentials(t *testing.T) {
	s := Start(t, Options{})
	const key = "00112233445566778899aabbccddeeff"
	s.Put(Object{"type": "OpsiClient", "id": pc1, "opsiHostKey": key})
	s.AddClient(pc2)
	pc := newPeer(t, s, pc1, key)
	const want = `{"password":"7cd9dd5bf7cba0c0cca2e18874fc5af718fce0600025bd56","rsaPrivateKey":""}`
	for _, args := range [][]any{{"pcpatch", pc1}, {"pcpatch"}, {}} {
		if got := text(t, pc.must("user_getCredentials", args...)); got != want {
			t.Errorf("%v: %s", args, got)
		}
	}
	for _, args := range [][]any{{"pcpatch", pc2}, {"root", pc1}} {
		if _, class, _ := pc.rpc("user_getCredentials", args...); class == "" {
			t.Errorf("%v is answered", args)
		}
	}
}
