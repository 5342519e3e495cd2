// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math/big"
)

// DepotPassword is what the user pcpatch has for the depot's share.
const DepotPassword = "depot-of-the-double"

// credentials gives the password of the depot's user, readable for one host
// alone: Blowfish in CBC with the bytes of the host's key, the IV OPSI1234, zeros
// up to 8 bytes, in hex (contract 2).
func (s *Server) credentials(c call) (any, error) {
	id := cmp.Or(c.text("hostId"), c.name)
	if !c.owns(id) {
		return nil, denied("Access denied to the credentials of %s", id)
	}
	host := s.rows["host"][id]
	key, err := hex.DecodeString(host.Text("opsiHostKey"))
	if user := cmp.Or(c.text("username"), "pcpatch"); err != nil || len(key) == 0 || user != "pcpatch" {
		return nil, valueError("No credentials of %s for %s", user, id)
	}
	padded := []byte(DepotPassword)
	for len(padded)%8 != 0 {
		padded = append(padded, 0)
	}
	cipher, last := newBlowfish(key), [8]byte([]byte("OPSI1234"))
	for i := 0; i < len(padded); i += 8 {
		for j := range 8 {
			last[j] ^= padded[i+j]
		}
		last = cipher.encrypt(last)
		copy(padded[i:], last[:])
	}
	return map[string]any{"password": hex.EncodeToString(padded), "rsaPrivateKey": ""}, nil
}

// blowfish is the cipher of Bruce Schneier (1993), which the standard library
// does not have.
type blowfish struct {
	p [18]uint32
	s [4][256]uint32
}

func newBlowfish(key []byte) *blowfish {
	b := &blowfish{}
	words := piWords(18 + 4*256)
	copy(b.p[:], words)
	for i := range b.s {
		copy(b.s[i][:], words[18+256*i:])
	}
	at := 0
	for i := range b.p {
		var w uint32
		for range 4 {
			w = w<<8 | uint32(key[at%len(key)])
			at++
		}
		b.p[i] ^= w
	}
	var l, r uint32
	for i := 0; i < len(b.p); i += 2 {
		l, r = b.round(l, r)
		b.p[i], b.p[i+1] = l, r
	}
	for i := range b.s {
		for j := 0; j < 256; j += 2 {
			l, r = b.round(l, r)
			b.s[i][j], b.s[i][j+1] = l, r
		}
	}
	return b
}

func (b *blowfish) round(l, r uint32) (uint32, uint32) {
	for i := range 16 {
		l ^= b.p[i]
		r ^= (b.s[0][l>>24] + b.s[1][l>>16&255]) ^ b.s[2][l>>8&255] + b.s[3][l&255]
		l, r = r, l
	}
	return r ^ b.p[17], l ^ b.p[16]
}

func (b *blowfish) encrypt(block [8]byte) (out [8]byte) {
	l, r := b.round(binary.BigEndian.Uint32(block[:4]), binary.BigEndian.Uint32(block[4:]))
	binary.BigEndian.PutUint32(out[:4], l)
	binary.BigEndian.PutUint32(out[4:], r)
	return out
}

// piWords are the first words of the fraction of pi, with which the cipher
// begins: pi = 16 arctan(1/5) - 4 arctan(1/239), Machin 1706.
func piWords(n int) []uint32 {
	const guard = 64 // bits that rounding may spoil
	one := new(big.Int).Lsh(big.NewInt(1), uint(32*n+guard))
	arctan := func(x int64) *big.Int { // of 1/x, times one
		term := new(big.Int).Quo(one, big.NewInt(x))
		sum := new(big.Int).Set(term)
		for k := int64(3); term.Sign() != 0; k += 2 {
			term.Quo(term, big.NewInt(-x*x))
			sum.Add(sum, new(big.Int).Quo(term, big.NewInt(k)))
		}
		return sum
	}
	pi := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(16), arctan(5)), new(big.Int).Mul(big.NewInt(4), arctan(239)))
	pi.Sub(pi, new(big.Int).Mul(big.NewInt(3), one))
	fraction := pi.Rsh(pi, guard).FillBytes(make([]byte, 4*n))
	out := make([]uint32, n)
	for i := range out {
		out[i] = binary.BigEndian.Uint32(fraction[4*i:])
	}
	return out
}
