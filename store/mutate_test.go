// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
)

// mutation is a way to damage a file. It may leave it as it is.
type mutation struct {
	name string
	do   func(rng *rand.Rand, b []byte) []byte
}

// page is bbolt's, and the unit in which memory and many drives lose things.
const page = 4096

// mutations of any file.
func mutations() []mutation {
	return []mutation{
		{"bit", func(rng *rand.Rand, b []byte) []byte {
			return changed(rng, b, 1, func(x byte) byte { return x ^ 1<<rng.IntN(8) })
		}},
		{"byte", func(rng *rand.Rand, b []byte) []byte { return changed(rng, b, 1, other(rng)) }},
		{"ten bytes", func(rng *rand.Rand, b []byte) []byte { return changed(rng, b, 10, other(rng)) }},
		{"zeroed page", func(rng *rand.Rand, b []byte) []byte { return stretch(rng, b, func([]byte) byte { return 0 }) }},
		{"rubbish page", func(rng *rand.Rand, b []byte) []byte {
			return stretch(rng, b, func([]byte) byte { return byte(rng.Uint32()) })
		}},
		{"truncated", func(rng *rand.Rand, b []byte) []byte { return b[:rng.IntN(len(b))] }},
		{"duplicated page", func(rng *rand.Rand, b []byte) []byte {
			n := (len(b) + page - 1) / page
			from, to := rng.IntN(n)*page, rng.IntN(n)*page
			copy(b[to:], bytes.Clone(b[from:min(from+page, len(b))]))
			return b
		}},
		{"page twice", func(rng *rand.Rand, b []byte) []byte {
			at := rng.IntN((len(b)+page-1)/page) * page
			return slices.Insert(b, at, bytes.Clone(b[at:min(at+page, len(b))])...)
		}},
		{"empty", func(_ *rand.Rand, b []byte) []byte { return nil }},
	}
}

// ofBolt are mutations of a bbolt file.
func ofBolt() []mutation {
	return []mutation{
		{"swapped meta", func(_ *rand.Rand, b []byte) []byte {
			first := bytes.Clone(b[:page])
			copy(b, b[page:2*page])
			copy(b[page:], first)
			return b
		}},
		{"rolled back", func(_ *rand.Rand, b []byte) []byte { return rolledBack(b) }},
		{"meta byte", func(rng *rand.Rand, b []byte) []byte {
			changed(rng, b[rng.IntN(2)*page:][:80], 1, other(rng))
			return b
		}},
		{"page header", func(rng *rand.Rand, b []byte) []byte {
			changed(rng, b[rng.IntN(len(b)/page)*page:][:16], 1, other(rng))
			return b
		}},
		{"element header", func(rng *rand.Rand, b []byte) []byte {
			for range 50 {
				p := b[rng.IntN(len(b)/page)*page:][:page]
				if n := int(binary.LittleEndian.Uint16(p[10:])); n > 0 && 16+16*n <= page {
					changed(rng, p[16:16+16*n], 1, other(rng))
					return b
				}
			}
			return b
		}},
		{"identity", func(rng *rand.Rand, b []byte) []byte {
			// The meta bucket's values stand behind its keys, which are "format", "id" and "reader".
			for at := 0; ; at++ {
				i := bytes.Index(b[at:], []byte("reader"))
				if i < 0 {
					return b
				}
				at += i
				from := max(0, at-30)
				changed(rng, b[from:min(len(b), at+8)], 1, other(rng))
			}
		}},
	}
}

// ofLines are mutations of a file of lines.
func ofLines() []mutation {
	lines := func(f func(rng *rand.Rand, l [][]byte) [][]byte) func(*rand.Rand, []byte) []byte {
		return func(rng *rand.Rand, b []byte) []byte {
			return bytes.Join(f(rng, bytes.SplitAfter(b, []byte("\n"))), nil)
		}
	}
	return []mutation{
		{"line removed", lines(func(rng *rand.Rand, l [][]byte) [][]byte { i := rng.IntN(len(l)); return slices.Delete(l, i, i+1) })},
		{"last line removed", lines(func(_ *rand.Rand, l [][]byte) [][]byte { return l[:max(0, len(l)-2)] })},
		{"line twice", lines(func(rng *rand.Rand, l [][]byte) [][]byte { i := rng.IntN(len(l)); return slices.Insert(l, i, l[i]) })},
		{"lines swapped", lines(func(rng *rand.Rand, l [][]byte) [][]byte {
			i, j := rng.IntN(len(l)), rng.IntN(len(l))
			l[i], l[j] = l[j], l[i]
			return l
		})},
		{"newline lost", func(_ *rand.Rand, b []byte) []byte { return bytes.TrimSuffix(b, []byte("\n")) }},
	}
}

func other(rng *rand.Rand) func(byte) byte {
	return func(x byte) byte { return x + 1 + byte(rng.IntN(255)) }
}

func changed(rng *rand.Rand, b []byte, n int, f func(byte) byte) []byte {
	for range n {
		i := rng.IntN(len(b))
		b[i] = f(b[i])
	}
	return b
}

// stretch fills a page of the file, or a sector of a small one.
func stretch(rng *rand.Rand, b []byte, f func([]byte) byte) []byte {
	unit := page
	if len(b) < 2*page {
		unit = 512
	}
	at := rng.IntN((len(b)+unit-1)/unit) * unit
	for i := at; i < min(at+unit, len(b)); i++ {
		b[i] = f(b)
	}
	return b
}

// rolledBack takes back the last commit of a bbolt file as a lost write of its meta
// page would: the older meta page counts, and everything in the file is valid.
func rolledBack(b []byte) []byte {
	const txid = 16 + 48 // in a meta page
	newer := 0
	if binary.LittleEndian.Uint64(b[page+txid:]) > binary.LittleEndian.Uint64(b[txid:]) {
		newer = 1
	}
	older := b[(1-newer)*page:][:page]
	copy(b[newer*page+16:(newer+1)*page], older[16:]) // all but the page's own number
	return b
}

// mutate damages a file and reports whether it changed.
func mutate(path string, m mutation, rng *rand.Rand) (bool, error) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return false, err
	}
	out := m.do(rng, bytes.Clone(b))
	if bytes.Equal(b, out) {
		return false, nil
	}
	return true, os.WriteFile(path, out, fileMode)
}
