// SPDX-License-Identifier: Apache-2.0

package depottest

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"
)

// MSI is a compound file with the tables Property and Directory and a summary.
// template is like "x64;1033".
func MSI(template string, properties map[string]string, directories [][3]string) []byte {
	p := pool{at: map[string]uint16{"": 0}}
	var keys []string
	for k := range properties {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var names, values, ids, parents, folders []uint16
	for _, k := range keys {
		names, values = append(names, p.add(k)), append(values, p.add(properties[k]))
	}
	for _, d := range directories {
		ids, parents, folders = append(ids, p.add(d[0])), append(parents, p.add(d[1])), append(folders, p.add(d[2]))
	}
	var property, directory bytes.Buffer
	put(&property, slices.Concat(names, values))
	put(&directory, slices.Concat(ids, parents, folders))
	return compound(map[string][]byte{
		streamName("!_StringPool"): append([]byte{0xe4, 4, 0, 0}, p.index.Bytes()...),
		streamName("!_StringData"): p.data.Bytes(),
		streamName("!Property"):    property.Bytes(),
		streamName("!Directory"):   directory.Bytes(),
		"\x05SummaryInformation":   summary(template),
	})
}

type pool struct {
	at          map[string]uint16
	index, data bytes.Buffer
}

func (p *pool) add(s string) uint16 {
	if n, ok := p.at[s]; ok {
		return n
	}
	n := uint16(len(p.at))
	p.at[s] = n
	put(&p.index, [2]uint16{uint16(len(s)), 1})
	p.data.WriteString(s)
	return n
}

func streamName(s string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
	var out []rune
	if strings.HasPrefix(s, "!") {
		out, s = append(out, 0x4840), s[1:]
	}
	for ; len(s) >= 2; s = s[2:] {
		out = append(out, rune(0x3800+strings.IndexByte(alphabet, s[0])+strings.IndexByte(alphabet, s[1])<<6))
	}
	if s != "" {
		out = append(out, rune(0x4800+strings.IndexByte(alphabet, s[0])))
	}
	return string(out)
}

func summary(template string) []byte {
	var b bytes.Buffer
	put(&b, [2]uint16{0xfffe, 0})
	put(&b, [5]uint32{})
	put(&b, uint32(1))
	b.Write(make([]byte, 16))
	put(&b, uint32(48))
	put(&b, [2]uint32{uint32(8 + 8 + 8 + len(template) + 1), 1})
	put(&b, [2]uint32{7, 16})
	put(&b, [2]uint32{30, uint32(len(template) + 1)})
	b.WriteString(template + "\x00")
	return b.Bytes()
}

// compound writes a compound file of version 3. All streams are short, so they
// lie in the stream of small sectors.
func compound(streams map[string][]byte) []byte {
	const sector, small = 512, 64
	const free, end, fatSector, none = 0xffffffff, 0xfffffffe, 0xfffffffd, 0xffffffff
	units := func(s string) []uint16 { return utf16.Encode([]rune(s)) }
	names := make([]string, 0, len(streams))
	for n := range streams {
		names = append(names, n)
	}
	// A directory is a tree ordered by length, then by text.
	slices.SortFunc(names, func(a, b string) int {
		if n := len(units(a)) - len(units(b)); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	entry := func(name string, kind byte, right, child, start, size uint32) []byte {
		var b bytes.Buffer
		u := append(units(name), 0)
		put(&b, append(u, make([]uint16, 32-len(u))...))
		put(&b, uint16(2*len(u)))
		b.Write([]byte{kind, 1})
		put(&b, [3]uint32{none, right, child})
		b.Write(make([]byte, 36))
		put(&b, [3]uint32{start, size, 0})
		return b.Bytes()
	}
	var entries, contents bytes.Buffer
	var miniFAT []uint32
	for i, n := range names {
		right := uint32(i + 2)
		if i == len(names)-1 {
			right = none
		}
		data := streams[n]
		if len(data) >= 4096 {
			panic("too long for a small stream: " + n)
		}
		start := uint32(len(miniFAT))
		if len(data) == 0 {
			start = end
		}
		entries.Write(entry(n, 2, right, none, start, uint32(len(data))))
		for at := 0; at < len(data); at += small {
			miniFAT = append(miniFAT, uint32(len(miniFAT)+1))
			contents.Write(append(data[at:min(at+small, len(data)):min(at+small, len(data))], make([]byte, max(0, at+small-len(data)))...))
		}
		if len(data) > 0 {
			miniFAT[len(miniFAT)-1] = end
		}
	}
	fat := []uint32{fatSector}
	var body bytes.Buffer
	body.Write(make([]byte, sector)) // the allocation table, written at the end
	chain := func(data []byte) (start, sectors uint32) {
		start = uint32(len(fat))
		for range (len(data) + sector - 1) / sector {
			fat = append(fat, uint32(len(fat)+1))
		}
		fat[len(fat)-1] = end
		body.Write(data)
		body.Write(make([]byte, (sector-len(data)%sector)%sector))
		return start, uint32(len(fat)) - start
	}
	var mini bytes.Buffer
	for len(miniFAT)%(sector/4) != 0 {
		miniFAT = append(miniFAT, free)
	}
	put(&mini, miniFAT)
	miniStart, miniSectors := chain(mini.Bytes())
	stream, _ := chain(contents.Bytes())
	directory := append(entry("Root Entry", 5, none, 1, stream, uint32(contents.Len())), entries.Bytes()...)
	for len(directory)%sector != 0 {
		directory = append(directory, make([]byte, 128)...)
	}
	first, _ := chain(directory)
	if len(fat) > sector/4 {
		panic("more sectors than one allocation table holds")
	}
	for len(fat) < sector/4 {
		fat = append(fat, free)
	}
	var table bytes.Buffer
	put(&table, fat)
	copy(body.Bytes(), table.Bytes())

	var head bytes.Buffer
	head.WriteString("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	head.Write(make([]byte, 16))
	put(&head, [5]uint16{0x3e, 3, 0xfffe, 9, 6})
	head.Write(make([]byte, 6))
	put(&head, [9]uint32{0, 1, first, 0, 4096, miniStart, miniSectors, end, 0})
	difat := make([]uint32, 109)
	for i := range difat {
		difat[i] = free
	}
	difat[0] = 0
	put(&head, difat)
	return append(head.Bytes(), body.Bytes()...)
}
