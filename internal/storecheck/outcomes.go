// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/quietsetup/quietsetup/store"
)

// What is known here of an installer's outcome file: who writes it is not asked,
// for nothing that checks may be able to act.
const (
	outcomeFormat = 1
	outcomeMax    = 64 << 10
)

// outcomes reads what installers left behind. A file that is damaged costs the
// exit code: the daemon then looks at the machine instead.
func outcomes(dir string) (store.Part, error) {
	p := store.Part{Name: PartOutcomes, State: store.StateOK}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return p, err
	}
	for _, e := range entries {
		token, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		text, err := readOutcome(root, e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // forgotten meanwhile: its record is durable
		}
		if errors.Is(err, fs.ErrPermission) {
			return p, err
		}
		f := store.Fault{File: "outcome/" + e.Name()}
		if err == nil {
			err = sound(token, text)
		}
		switch {
		case errors.Is(err, store.ErrNewer):
			f.Code, f.State, f.Text = store.FaultNewer, store.StateNewer, err.Error()
		case err != nil:
			f.Code, f.State, f.Text = store.FaultDamaged, store.StateDamaged, err.Error()
		}
		p.Files++
		p.Bytes += int64(len(text))
		if f.Code != "" {
			p.Fault(f)
		}
	}
	return p, nil
}

func readOutcome(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is no regular file: %w", store.ErrUnsafe)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, outcomeMax+1))
}

// sound checks version, sum and token. The sum is over the text with an empty
// sum, which is its last member.
func sound(token string, text []byte) error {
	var o struct {
		V     int    `json:"v"`
		Token string `json:"token"`
		State string `json:"state"`
		Sum   string `json:"sum"`
	}
	if len(text) > outcomeMax {
		return fmt.Errorf("it has more than %d bytes", outcomeMax)
	}
	text = bytes.TrimRight(text, " \n")
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	if o.V > outcomeFormat {
		return fmt.Errorf("format %d, this build knows %d: %w", o.V, outcomeFormat, store.ErrNewer)
	}
	body, ok := bytes.CutSuffix(text, []byte(`"sum":"`+o.Sum+`"}`))
	if !ok {
		return errors.New("it does not end with its sum")
	}
	h := sha256.New()
	h.Write(body)
	h.Write([]byte(`"sum":""}`))
	switch {
	case hex.EncodeToString(h.Sum(nil)) != o.Sum:
		return errors.New("its sum does not match")
	case o.Token != token:
		return fmt.Errorf("it is about %.80q", o.Token)
	case o.State == "":
		return errors.New("it does not say how far the attempt came")
	}
	return nil
}
