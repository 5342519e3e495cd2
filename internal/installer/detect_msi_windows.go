// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// States and properties of a product ("MsiQueryProductState function",
// "MsiGetProductInfo function").
const (
	installStateAdvertised = 1
	installStateDefault    = 5
	productVersion         = "VersionString"
)

// detectMSI asks Windows Installer for a product. The rule's name is a product code
// or an upgrade code, in braces. A product code names one version in most packages;
// an upgrade code names all versions of a product, and the newest that is installed
// counts.
func detectMSI(rule events.Detect) (found, error) {
	if _, err := windows.GUIDFromString(rule.Name); err != nil {
		return found{}, fmt.Errorf("%w: %q is no product code like {8C1B…}", errRule, rule.Name)
	}
	msi := windows.NewLazySystemDLL("msi.dll")
	for _, name := range []string{"MsiQueryProductStateW", "MsiGetProductInfoW", "MsiEnumRelatedProductsW"} {
		if err := msi.NewProc(name).Find(); err != nil {
			return found{}, fmt.Errorf("cannot ask Windows Installer: %w", err)
		}
	}
	if f, err := msiProduct(msi, rule.Name); err != nil || f.installed {
		return f, err
	}
	return msiRelated(msi, rule.Name)
}

// msiRelated looks for the products of an upgrade code.
func msiRelated(msi *windows.LazyDLL, upgrade string) (found, error) {
	code, err := windows.UTF16PtrFromString(upgrade)
	if err != nil {
		return found{}, fmt.Errorf("%w: %w", errRule, err)
	}
	var best found
	var product [39]uint16
	for i := uintptr(0); i < 1000; i++ {
		r, _, _ := msi.NewProc("MsiEnumRelatedProductsW").Call(uintptr(unsafe.Pointer(code)), 0, i, uintptr(unsafe.Pointer(&product[0])))
		switch windows.Errno(r) {
		case windows.ERROR_SUCCESS:
		case windows.ERROR_NO_MORE_ITEMS, windows.ERROR_INVALID_PARAMETER, windows.ERROR_UNKNOWN_PRODUCT:
			return best, nil
		default:
			return found{}, fmt.Errorf("cannot list the products of %s: %w", upgrade, windows.Errno(r))
		}
		f, err := msiProduct(msi, windows.UTF16ToString(product[:]))
		if err != nil {
			return found{}, err
		}
		if f.installed && (!best.installed || newer(f.version, best.version)) {
			best = f
		}
	}
	return best, nil
}

// msiProduct asks for one product code.
func msiProduct(msi *windows.LazyDLL, code string) (found, error) {
	name, err := windows.UTF16PtrFromString(code)
	if err != nil {
		return found{}, fmt.Errorf("%w: %w", errRule, err)
	}
	state, _, _ := msi.NewProc("MsiQueryProductStateW").Call(uintptr(unsafe.Pointer(name)))
	switch int32(state) {
	case installStateDefault:
	case installStateAdvertised:
		return found{installed: true, broken: "the product is advertised and not installed"}, nil
	default:
		return found{}, nil
	}
	version, err := msiInfo(msi, name, productVersion)
	if err != nil {
		return found{}, fmt.Errorf("cannot read the version of %s: %w", code, err)
	}
	return found{installed: true, version: version, equal: shorterVersions(version)}, nil
}

func msiInfo(msi *windows.LazyDLL, code *uint16, property string) (string, error) {
	name, err := windows.UTF16PtrFromString(property)
	if err != nil {
		return "", err
	}
	var value [128]uint16
	size := uint32(len(value))
	r, _, _ := msi.NewProc("MsiGetProductInfoW").Call(uintptr(unsafe.Pointer(code)), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&value[0])), uintptr(unsafe.Pointer(&size)))
	if r != 0 {
		return "", syscall.Errno(r)
	}
	return windows.UTF16ToString(value[:]), nil
}
