// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

func TestDump(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	if seed == 0 {
		return
	}
	n, _ := strconv.Atoi(os.Getenv("TAIL"))
	r, _ := Run(Options{Seed: seed, Days: 20, Record: true})
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
