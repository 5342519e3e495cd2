// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

// handOver watches whether the events of opsiclientd go through us, where they are
// meant to. An update of opsi's agent brings its opsiclientd.conf anew, with its own
// line: the next start of the machine would then run what is wanted without a
// question.
type handOver struct {
	system, conf, stateDir, client string
	warn                           func(product, line string)

	mu   sync.Mutex
	seen fileMark // of the file as it was read
	ours bool
	bad  string // why it cannot be read
	lost bool
}

// fileMark tells a file from the one that was there before, without reading it.
type fileMark struct {
	there bool
	size  int64
	at    time.Time
}

// look looks at the file, which is read only if it is another one, and tells once
// that the hand-over does not stand in it, not yet or not any more. value is what counts at the server.
func (h *handOver) look(value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read()
	kept, err := opsiclientd.ReadKept(h.stateDir, h.client)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		kept = opsiclientd.Kept{} // the value at the server is what counts then
	}
	lost := h.seen.there && h.bad == "" && !h.ours && opsiclientd.HandedOver(h.system, value, kept)
	if lost && !h.lost {
		h.warn("", fmt.Sprintf("the events of opsiclientd do not go through quietsetup: its configuration %s has another line than what is set for this client; "+
			"opsiclientd has not fetched that yet, or an update of opsi's agent brought its own line", h.conf))
	}
	h.lost = lost
}

func (h *handOver) read() {
	var now fileMark
	if info, err := os.Stat(h.conf); err == nil {
		now = fileMark{true, info.Size(), info.ModTime()}
	}
	if now == h.seen {
		return
	}
	h.seen, h.ours, h.bad = now, false, ""
	if !now.there {
		return
	}
	conf, err := opsiclientd.Read(h.conf)
	if err != nil {
		h.bad = err.Error()
		h.warn("", h.bad)
		return
	}
	_, h.ours = opsiclientd.Ours(h.system, conf.Resolve(conf.Processor()))
}

// gone reports whether the hand-over was lost, as far as the last look saw.
func (h *handOver) gone() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}
