// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
)

// What is known of a server counts on while it is away and over a restart: a hold,
// or a limit that was made larger, must not fall back to the config file because a
// laptop was started in a train; and a report that was lost must not take back what
// an administrator requested since. So it is kept in a file.
const (
	memoryFile = "server.json"
	memoryMost = 4 << 20
)

// memory is that file.
type memory struct {
	V      int                   `json:"v"` // 1
	Client string                `json:"client"`
	Set    map[string]Setting    `json:"set"`
	Lost   map[string]lostReport `json:"lost,omitempty"`
	// Properties of products, by product and name.
	Properties map[string]map[string][]any `json:"properties,omitempty"`
}

// Settings are what the server said in the last look, of this process or of the
// last one that had an answer.
func (s *Source) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return settingsOf(s.set, s.properties)
}

// learn takes over what the calls of a look brought. Without an answer the last one
// counts on.
func (s *Source) learn(calls []*Call, a settingsAnswer, say func(product, line string)) {
	if err := firstErr(calls); err != nil {
		say("", fmt.Sprintf("the server's settings cannot be read, so the last known ones count: %v", err))
		return
	}
	set := a.settings(s.parts.Server.HostID())
	s.mu.Lock()
	s.kept = s.kept && reflect.DeepEqual(s.set, set)
	s.set = set
	kept := s.kept
	s.mu.Unlock()
	for _, bad := range settingsOf(set, nil).Bad {
		say("", bad)
	}
	if !kept {
		s.keep(say)
	}
}

// learnProperties takes over what was asked about products. Without an answer the
// last one counts on.
func (s *Source) learnProperties(call *Call, answer map[string]map[string]map[string][]any, say func(product, line string)) {
	if call.Err != nil {
		say("", fmt.Sprintf("properties of products cannot be read, so the last known ones count: %v", call.Err))
		return
	}
	now := propertiesOf(answer, s.parts.Server.HostID())
	s.mu.Lock()
	s.kept = s.kept && (reflect.DeepEqual(s.properties, now) || len(s.properties)+len(now) == 0)
	s.properties = now
	kept := s.kept
	s.mu.Unlock()
	if !kept {
		s.keep(say)
	}
}

// keep writes the file. What could not be written is written with the next look.
func (s *Source) keep(say func(product, line string)) {
	if s.parts.Folder == "" {
		return
	}
	s.mu.Lock()
	m := memory{V: 1, Client: s.parts.Server.HostID(), Set: s.set, Lost: maps.Clone(s.lost), Properties: s.properties}
	s.mu.Unlock()
	err := writeMemory(s.parts.Folder, m)
	s.mu.Lock()
	s.kept = err == nil
	s.mu.Unlock()
	if err != nil {
		say("", fmt.Sprintf("cannot keep what is known of the server: %v", err))
	}
}

func writeMemory(folder string, m memory) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(text) > memoryMost {
		return fmt.Errorf("it has %d bytes, the most is %d", len(text), memoryMost)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return atomicfile.Write(root, memoryFile, atomicfile.Options{Mode: 0o600}, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}

// remember reads what was kept. Without it nothing is known, as on the first day.
func (s *Source) remember() {
	if s.parts.Folder == "" {
		return
	}
	path := filepath.Join(s.parts.Folder, memoryFile)
	m, err := readMemory(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		s.parts.Warn("", fmt.Sprintf("what the server had set is not known until it answers: cannot read %s: %v", path, err))
	case strings.EqualFold(m.Client, s.parts.Server.HostID()):
		s.set, s.properties = m.Set, m.Properties
		maps.Copy(s.lost, m.Lost)
	}
}

// Remembered is what the server had set when it was last asked by whoever keeps it
// in a folder: for who only looks. Before the first answer it is nothing.
func Remembered(folder string) (Settings, error) {
	path := filepath.Join(folder, memoryFile)
	m, err := readMemory(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("cannot read what the server set: %s: %w", path, err)
	}
	return settingsOf(m.Set, m.Properties), nil
}

func readMemory(path string) (m memory, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return m, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, memoryMost))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err == nil && m.V != 1 {
		err = fmt.Errorf("it has format %d, this build knows 1", m.V)
	}
	return m, err
}
