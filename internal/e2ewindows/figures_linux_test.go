// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkService measures how long the installed service takes to start, and what
// it takes of the memory when it has had nothing to do for a while. The command that
// starts it is a program of its own; how long such a one takes is taken off.
func BenchmarkService(b *testing.B) {
	m := newMachine(b, "")
	m.must("quietsetupd", "version") // the machine is up from here on
	var started, command time.Duration
	for b.Loop() {
		begin := time.Now()
		m.must("quietsetupd", "version")
		command += time.Since(begin)
		begin = time.Now()
		m.must("quietsetupd", "service", "start") // returns when it runs
		started += time.Since(begin)
		time.Sleep(5 * time.Second)
		b.ReportMetric(m.resident(), "idle-rss-mb")
		m.stop()
	}
	b.ReportMetric(float64((started-command).Milliseconds())/float64(b.N), "start-ms")
}

// resident is what the service's process holds in memory, in MB, Wine's part of it
// included.
func (m *machine) resident() float64 {
	m.t.Helper()
	pids := m.processes("quietsetupd.exe", "service", "run")
	if len(pids) != 1 {
		m.t.Fatalf("%d services run", len(pids))
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pids[0]))
	if err != nil {
		m.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.ParseFloat(strings.Fields(rest + " x")[0], 64)
	if err != nil {
		m.t.Fatalf("the service shows no VmRSS: %v", err)
	}
	return kb * 1024 / 1e6
}
