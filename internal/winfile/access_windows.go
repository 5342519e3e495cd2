// SPDX-License-Identifier: Apache-2.0

package winfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What lets somebody change a file or folder, its attributes or its access list
// ("File Access Rights Constants", "Access Mask Format").
const changing = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.FILE_WRITE_EA |
	deleteChild | windows.FILE_WRITE_ATTRIBUTES | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER |
	windows.GENERIC_WRITE | windows.GENERIC_ALL

// What lets somebody put another folder in a folder's place, or get the right to.
// To create something beside it is harmless.
const replacing = deleteChild | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_ALL

// deleteChild is FILE_DELETE_CHILD: in a folder, to delete what others put there.
const deleteChild = 0x40

// The types of entries that give rights to one identifier right behind the mask
// ("ACE_HEADER structure"). Entries of other types that give rights belong to
// directory services and are on no file; they are refused unread.
const (
	aceAllowed         = 0
	aceDenied          = 1
	aceAllowedCallback = 9
	aceDeniedCallback  = 10
	aceMandatoryLabel  = 0x11
)

// installerOfWindows owns the files of Windows itself ("Windows Modules Installer").
const installerOfWindows = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

// Identifiers that give a stranger nothing ("Well-known SIDs"): the first two stand in
// a list for those below to inherit and are in nobody's token, the third is whoever
// owns the file, who is judged as its owner.
const (
	creatorOwner = "S-1-3-0"
	creatorGroup = "S-1-3-1"
	ownerRights  = "S-1-3-4"
)

// CheckOpen returns nil if nobody but the system, the administrators and whoever
// runs this program could change an open file or folder.
func CheckOpen(f *os.File) error {
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return fmt.Errorf("cannot read the access list of %s: %w", f.Name(), err)
	}
	return judge(sd, changing)
}

// Check is CheckOpen for what bears a name now.
func Check(path string) error {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return fmt.Errorf("cannot read the access list of %s: %w", path, err)
	}
	return judge(sd, changing)
}

// reading lets somebody read what is in a file.
const reading = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL

// CheckSecret returns nil if nobody but those could read or change a file.
func CheckSecret(path string) error {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return fmt.Errorf("cannot read the access list of %s: %w", path, err)
	}
	return judge(sd, reading|changing)
}

const asked = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION

// judge looks at owner and access list. rights are those that nobody else may have.
func judge(sd *windows.SECURITY_DESCRIPTOR, rights windows.ACCESS_MASK) error {
	trusted, err := trusted()
	if err != nil {
		return err
	}
	if err := judgeOwner(sd, trusted); err != nil {
		return err
	}
	list, _, err := sd.DACL()
	if errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) || err == nil && list == nil {
		return errors.New("it has no access list, so everybody can write to it")
	}
	if err != nil {
		return fmt.Errorf("its access list cannot be read: %w", err)
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return fmt.Errorf("its access list cannot be read: %w", err)
		}
		if err := judgeEntry(ace, rights, trusted); err != nil {
			return err
		}
	}
	return nil
}

func judgeOwner(sd *windows.SECURITY_DESCRIPTOR, trusted []string) error {
	owner, _, err := sd.Owner()
	if err != nil || owner == nil {
		return errors.New("its owner cannot be read")
	}
	if !slices.Contains(trusted, owner.String()) {
		return fmt.Errorf("it belongs to %s", owner)
	}
	return nil
}

// judgeEntry looks at one entry. What is only handed down to files below counts
// there, when they are looked at.
func judgeEntry(ace *windows.ACCESS_ALLOWED_ACE, rights windows.ACCESS_MASK, trusted []string) error {
	if ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
		return nil
	}
	switch ace.Header.AceType {
	case aceDenied, aceDeniedCallback, aceMandatoryLabel:
		return nil
	case aceAllowed, aceAllowedCallback:
	default:
		return fmt.Errorf("its access list has an entry of type %d", ace.Header.AceType)
	}
	sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
	if slices.Contains([]string{creatorOwner, creatorGroup, ownerRights}, sid.String()) {
		return nil
	}
	switch {
	case ace.Mask&rights == 0 || slices.Contains(trusted, sid.String()):
		return nil
	case ace.Mask&changing == 0:
		return fmt.Errorf("%s can read it", sid)
	}
	return fmt.Errorf("%s can write to it", sid)
}

// trusted lists who may write: the system, the administrators, Windows' own
// installer and whoever runs this program.
func trusted() ([]string, error) {
	self, err := self()
	if err != nil {
		return nil, err
	}
	return []string{"S-1-5-18", "S-1-5-32-544", installerOfWindows, self}, nil
}

// self is the identifier of whoever runs this program.
func self() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("cannot tell who runs this program: %w", err)
	}
	return user.User.Sid.String(), nil
}

// Privileged reports whether this program can change what it likes: it runs as the
// system or with an administrator's full rights.
func Privileged() bool { return windows.GetCurrentProcessToken().IsElevated() }

// MakePrivate creates a folder that only the system and the administrators can
// reach, and whoever runs this program if that is neither. Nothing is inherited
// from above; all below inherits. An existing folder is os.ErrExist. The folders
// above must be there.
func MakePrivate(path string) error { return makeFolder(path, "") }

// MakeGuarded creates a folder in which all users can read and only those of
// MakePrivate can write.
func MakeGuarded(path string) error { return makeFolder(path, allRead) }

// Tighten gives a folder the list of MakeGuarded if others could write to it though
// it belongs to the system or the administrators: somebody made it by hand or by a
// policy, and it inherited what ProgramData lets everybody do. It reports whether it
// did. A folder that is missing, a link or a stranger's is left as it is; CheckWay
// tells of it.
func Tighten(path string) (bool, error) {
	failed := func(err error) (bool, error) {
		return false, fmt.Errorf("cannot keep others from writing to %s: %w", path, err)
	}
	folder, err := openItself(path, windows.READ_CONTROL|windows.WRITE_DAC|windows.FILE_READ_ATTRIBUTES)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return failed(err)
	}
	defer windows.CloseHandle(folder)
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(folder, &info); err != nil {
		return failed(err)
	}
	const kind = windows.FILE_ATTRIBUTE_DIRECTORY | windows.FILE_ATTRIBUTE_REPARSE_POINT
	if info.FileAttributes&kind != windows.FILE_ATTRIBUTE_DIRECTORY {
		return false, nil
	}
	sd, err := windows.GetSecurityInfo(folder, windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return failed(err)
	}
	trusted, err := trusted()
	if err != nil {
		return failed(err)
	}
	if judgeOwner(sd, trusted) != nil || judge(sd, changing) == nil {
		return false, nil
	}
	strict, err := listOf(allRead)
	if err != nil {
		return failed(err)
	}
	list, _, err := strict.DACL()
	if err != nil {
		return failed(err)
	}
	const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetSecurityInfo(folder, windows.SE_FILE_OBJECT, what, nil, nil, list, nil); err != nil {
		return failed(err)
	}
	return true, nil
}

// openItself opens what bears a name, a link and not where it leads.
func openItself(path string, access uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	return windows.CreateFile(name, access, share, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
}

// allRead lets all users read a folder and what is below it.
const allRead = "(A;OICI;FRFX;;;BU)"

// listOf is the access list of our own folders, with more.
func listOf(more string) (*windows.SECURITY_DESCRIPTOR, error) {
	list := "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" + more
	if !Privileged() {
		self, err := self()
		if err != nil {
			return nil, err
		}
		list += "(A;OICI;FA;;;" + self + ")"
	}
	return windows.SecurityDescriptorFromString(list)
}

func makeFolder(path, more string) error {
	sd, err := listOf(more)
	if err != nil {
		return fmt.Errorf("cannot make the access list of %s: %w", path, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	if err := windows.CreateDirectory(name, attributes); err != nil {
		return &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	return nil
}
