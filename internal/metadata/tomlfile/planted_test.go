// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"runtime"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// limit is what a small service may use for one text.
const limit = 64 << 20

// used is the memory that reading a text took, stack and heap, as far as it was
// not given back.
func used(read func(string), text string) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() { defer close(done); read(text) }()
	<-done
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc + (after.StackSys - min(before.StackSys, after.StackSys))
}

func deepText() string { return "a = " + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) }

// TestDeepTextIsCheap: a text that is nested as deep as it is long costs little
// more than itself.
func TestDeepTextIsCheap(t *testing.T) {
	if n := used(func(s string) { _, _ = Parse("f", []byte(s)) }, deepText()); n > limit {
		t.Errorf("it takes %d MB", n>>20)
	}
}

// TestPlantedNoNestingLimit: the library reads the text without the limit.
func TestPlantedNoNestingLimit(t *testing.T) {
	n := used(func(s string) {
		var v map[string]any
		_, _ = toml.Decode(s, &v)
	}, deepText())
	if n <= limit {
		t.Errorf("it takes only %d MB: the test above would not see it", n>>20)
	}
	t.Logf("found by its memory: at least %d MB for %d KB of text", limit>>20, len(deepText())>>10)
}
