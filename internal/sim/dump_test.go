// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

func TestDump(t *testing.T) {
	if os.Getenv("DUMP") == "" {
		return
	}
	var n int
	o := Options{Record: true}
	fmt.Sscan(os.Getenv("DUMP"), &o.Seed, &o.Days, &o.Products, &n)
	r := Run(table(t), o)
	lines := bytes.Split(bytes.TrimSpace(r.Log), []byte("\n"))
	for _, l := range lines[max(0, len(lines)-n):] {
		rec, err := events.DecodeRecord(l)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprintf("%d %s %s %s", rec.Seq, rec.At.Format("01-02 15:04:05.000"), rec.Input.Type, cutTo(string(rec.Input.Data), 150))
		for _, e := range rec.Events {
			s += "\n      " + e.Type + " " + cutTo(string(e.Data), 260)
		}
		fmt.Println(s)
	}
	fmt.Println(r.Faults)
}

func cutTo(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
