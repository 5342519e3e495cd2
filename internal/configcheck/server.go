// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"errors"
	"io/fs"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// server looks whether the service could prove itself to its opsi server. The
// server is not asked.
func (l *look) server() {
	s := l.c.Source
	if s.Kind != config.Opsi {
		return
	}
	if s.KeyFile != "" {
		_, err := opsi.ReadCredentials(s.KeyFile, s.HostID, config.CheckSecret)
		l.needed(codeKey, "source.key_file", err)
	}
	if s.CAFile != "" {
		_, err := opsi.ReadRoots(s.CAFile, config.CheckOwner)
		l.needed(codeCA, "source.ca_file", err)
	}
}

// needed tells what is wrong with a file that the service cannot start without.
func (l *look) needed(code, key string, err error) {
	if err == nil {
		return
	}
	if errors.Is(err, fs.ErrPermission) {
		code = codeHidden
	}
	l.add(code, l.setting(key), key, detail(err))
}
