// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	keySize = 32
	keyFile = "prompt.key"
)

// LoadKey returns the key of the state directory and makes it at the first time.
// A key that others could read or have written is refused: whoever knows it can
// answer in another's name.
func LoadKey(dir string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key in %s: %w", dir, err)
	}
	defer root.Close()
	key, err := readKey(root)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(root)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the key %s: %w", filepath.Join(dir, keyFile), err)
	}
	return key, nil
}

func readKey(root *os.Root) ([]byte, error) {
	li, err := root.Lstat(keyFile)
	if err != nil {
		return nil, err
	}
	if !li.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := root.OpenFile(keyFile, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(li, fi) {
		return nil, errors.New("it was exchanged while it was opened")
	}
	if err := onlyOurs(fi); err != nil {
		return nil, err
	}
	key, err := io.ReadAll(io.LimitReader(f, keySize+1))
	if err != nil {
		return nil, err
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("it has not the size of a key, %d bytes; remove it to get a new one", keySize)
	}
	return key, nil
}

// makeKey writes a new key beside its place and moves it there, so that there is
// never half a key.
func makeKey(root *os.Root) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	name := keyFile + "." + rand.Text()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = root.Rename(name, keyFile)
	}
	if err != nil {
		return nil, errors.Join(err, root.Remove(name))
	}
	return key, nil
}

// nonce is what an answer to the prompt must carry. It is bound to the user, so
// that the id of a session, which the system uses again, is not enough.
func (b *Broker) nonce(id, owner string) string {
	h := hmac.New(sha256.New, b.c.Key)
	h.Write([]byte(id))
	h.Write([]byte{0})
	h.Write([]byte(owner))
	return hex.EncodeToString(h.Sum(nil))
}

func (b *Broker) nonceFits(id, owner, nonce string) bool {
	return hmac.Equal([]byte(b.nonce(id, owner)), []byte(nonce))
}
