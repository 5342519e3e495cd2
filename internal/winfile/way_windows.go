// SPDX-License-Identifier: Apache-2.0

package winfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// maxLinks is how many links may follow each other on the way to a folder.
const maxLinks = 8

// way asks the system of the folders on the way to one.
type way struct {
	look   func(path string) (fs.FileInfo, error)
	target func(link string) (string, error)
	// itself looks at owner and list of what bears the name, a link's own.
	itself func(path string, rights windows.ACCESS_MASK) error
	shared string // ProgramData
}

// CheckWay returns nil if nobody but the system, the administrators and whoever runs
// this program could put another folder in the place of this one. It is told for the
// folder and for each above it, the drive's root too, that nobody else owns it or may
// delete it or what is in it. Where one is a link, the link is judged, and then the
// way to where it leads. Folders that are not there yet are passed over; the first
// that is there must let nobody else put anything in it. That is not asked of
// ProgramData, where every user may create a folder, and of a drive: what is found
// there may be a user's, and is judged itself.
func CheckWay(path string) error {
	if !filepath.IsAbs(path) || strings.HasPrefix(filepath.VolumeName(path), `\\`) {
		return fmt.Errorf("%s is not a folder of this machine by its full path", path)
	}
	shared, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, windows.KF_FLAG_DONT_VERIFY)
	if err != nil {
		return fmt.Errorf("cannot find ProgramData: %w", err)
	}
	w := way{look: os.Lstat, target: os.Readlink, itself: checkItself, shared: filepath.Clean(shared)}
	return w.check(filepath.Clean(path), true, maxLinks)
}

// check goes up from a folder. strict is true as long as no folder was there.
func (w way) check(path string, strict bool, links int) error {
	for at := path; ; at = filepath.Dir(at) {
		top := filepath.Dir(at) == at
		info, err := w.look(at)
		if errors.Is(err, fs.ErrNotExist) && !top {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot look at %s: %w", at, err)
		}
		strict = strict && !top && !strings.EqualFold(at, w.shared)
		if err := w.judge(at, top, strict); err != nil {
			return err
		}
		// Folders of other kinds, as of a cloud or of deduplication, lead nowhere: what
		// does is no folder for Go ("name surrogate").
		if !info.IsDir() || info.Mode()&fs.ModeSymlink != 0 {
			if err := w.follow(at, strict, links); err != nil {
				return err
			}
		}
		if top {
			return nil
		}
		strict = false
	}
}

func (w way) judge(at string, top, strict bool) error {
	rights := windows.ACCESS_MASK(replacing)
	if top { // nobody can delete a drive, though the lists of many let users
		rights &^= windows.DELETE
	}
	if err := w.itself(at, rights); err != nil {
		return fmt.Errorf("%s could be replaced: %w", at, err)
	}
	if !strict {
		return nil
	}
	if err := w.itself(at, changing); err != nil {
		return fmt.Errorf("others could put files into %s: %w", at, err)
	}
	return nil
}

// follow judges where a link leads: a junction, a drive in a folder, a symbolic
// link. What is below it was judged through the link.
func (w way) follow(at string, strict bool, links int) error {
	to, err := w.target(at)
	if err != nil {
		return fmt.Errorf("%s is not a plain folder", at)
	}
	if links == 0 {
		return fmt.Errorf("%s is one link too many", at)
	}
	if !filepath.IsAbs(to) && filepath.VolumeName(to) == "" && !strings.HasPrefix(to, `\`) {
		to = filepath.Join(filepath.Dir(at), to)
	}
	if volume := filepath.VolumeName(to); !filepath.IsAbs(to) ||
		strings.HasPrefix(volume, `\\`) && !strings.HasPrefix(strings.ToLower(volume), `\\?\volume{`) {
		return fmt.Errorf("%s is a link to %s, which is no folder of this machine by its full path; put a folder or a link to one in its place", at, to)
	}
	if err := w.check(filepath.Clean(to), strict, links-1); err != nil {
		return fmt.Errorf("%s is a link to %s: %w", at, to, err)
	}
	return nil
}

// checkItself is judge for what bears a name now.
func checkItself(path string, rights windows.ACCESS_MASK) error {
	open, err := openItself(path, windows.READ_CONTROL)
	if err != nil {
		return fmt.Errorf("cannot read the access list of %s: %w", path, err)
	}
	defer windows.CloseHandle(open)
	sd, err := windows.GetSecurityInfo(open, windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return fmt.Errorf("cannot read the access list of %s: %w", path, err)
	}
	return judge(sd, rights)
}
