// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
)

// What a site has set counts on while its server is away: a hold, or a limit that
// was made larger, must not fall back to the config file because a laptop was
// started in a train. So it is kept in a file.
const (
	settingsFile = "settings.json"
	settingsMost = 1 << 20
)

// keptSettings is that file.
type keptSettings struct {
	V      int                `json:"v"` // 1
	Client string             `json:"client"`
	Set    map[string]Setting `json:"set"`
}

// Settings are what the server said in the last look, of this process or of the
// last one that had an answer.
func (s *Source) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return settingsOf(s.set)
}

// learn takes over what the calls of a look brought. Without an answer the last one
// counts on.
func (s *Source) learn(calls []*Call, a settingsAnswer, say func(product, line string)) {
	for _, c := range calls {
		if c.Err != nil {
			say("", fmt.Sprintf("the server's settings cannot be read, so the last known ones count: %v", c.Err))
			return
		}
	}
	set := a.settings(s.parts.Server.HostID())
	s.mu.Lock()
	same := reflect.DeepEqual(s.set, set)
	s.set = set
	s.mu.Unlock()
	for _, bad := range settingsOf(set).Bad {
		say("", bad)
	}
	if same || s.parts.Folder == "" {
		return
	}
	if err := s.keep(set); err != nil {
		say("", err.Error())
	}
}

func (s *Source) keep(set map[string]Setting) error {
	root, err := os.OpenRoot(s.parts.Folder)
	if err != nil {
		return fmt.Errorf("cannot keep the server's settings: %w", err)
	}
	defer root.Close()
	err = atomicfile.Write(root, settingsFile, atomicfile.Options{Mode: 0o600}, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(keptSettings{V: 1, Client: s.parts.Server.HostID(), Set: set})
	})
	if err != nil {
		return fmt.Errorf("cannot keep the server's settings: %w", err)
	}
	return nil
}

// remember reads what was kept. Without it nothing is known, as on the first day.
func (s *Source) remember() {
	if s.parts.Folder == "" {
		return
	}
	path := filepath.Join(s.parts.Folder, settingsFile)
	k, err := readKept(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		s.parts.Warn("", fmt.Sprintf("what the server had set is not known until it answers: cannot read %s: %v", path, err))
	case strings.EqualFold(k.Client, s.parts.Server.HostID()):
		s.set = k.Set
	}
}

// Remembered is what the server had set when it was last asked by whoever keeps it
// in a folder: for who only looks. Before the first answer it is nothing.
func Remembered(folder string) (Settings, error) {
	path := filepath.Join(folder, settingsFile)
	k, err := readKept(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("cannot read what the server set: %s: %w", path, err)
	}
	return settingsOf(k.Set), nil
}

func readKept(path string) (k keptSettings, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return k, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, settingsMost))
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err == nil && k.V != 1 {
		err = fmt.Errorf("it has format %d, this build knows 1", k.V)
	}
	return k, err
}
