// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// registryText reads a text. Variables in it (%SystemDrive%) are replaced where
// its type says that it holds some. view is one of registry's WOW64 bits or 0.
func registryText(root registry.Key, path, name string, view uint32) (string, error) {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|view)
	if err != nil {
		return "", fmt.Errorf("cannot open the key %s: %w", path, err)
	}
	defer key.Close()
	return textOf(key, path, name)
}

func textOf(key registry.Key, path, name string) (string, error) {
	text, kind, err := key.GetStringValue(name)
	if err == nil && kind == registry.EXPAND_SZ {
		text, err = registry.ExpandString(text)
	}
	if err != nil {
		return "", fmt.Errorf("cannot read %s of the key %s: %w", name, path, err)
	}
	return text, nil
}

func registryNumber(path, name string) (uint64, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return 0, fmt.Errorf("cannot open the key %s: %w", path, err)
	}
	defer key.Close()
	n, _, err := key.GetIntegerValue(name)
	if err != nil {
		return 0, fmt.Errorf("cannot read %s of the key %s: %w", name, path, err)
	}
	return n, nil
}
