// SPDX-License-Identifier: Apache-2.0

package wine

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed lacks/bcryptprimitives.c
var lacks string

// making is how long the first prefix may take on a machine with other work.
const making = 5 * time.Minute

// Base is the prefix that all others are copies of. The first caller makes it,
// callers at the same time wait for that.
func Base() (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	version, err := exec.Command(loader(), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("cannot ask Wine for its version: %w", err)
	}
	key := fmt.Sprintf("wine-%x", sha256.Sum256(append(version, lacks...)))[:len("wine-")+16]
	base := filepath.Join(cache, key)
	lock, err := os.OpenFile(base+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("cannot lock Wine's first prefix: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("cannot lock %s: %w", lock.Name(), err)
	}
	if _, err := os.Stat(base); err == nil {
		return base, nil
	}
	half := base + ".half"
	if err := os.RemoveAll(half); err != nil {
		return "", fmt.Errorf("cannot remove a prefix that was half made: %w", err)
	}
	if err := makeBase(half); err != nil {
		return "", err
	}
	if err := os.Rename(half, base); err != nil {
		return "", fmt.Errorf("cannot keep Wine's first prefix: %w", err)
	}
	return base, nil
}

func makeBase(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), making)
	defer cancel()
	p := &Prefix{Dir: dir}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make Wine's first prefix: %w", err)
	}
	defer p.End()
	// Version 10: what asks for 6.1, which Wine says by itself, is not tested here.
	for _, args := range [][]string{{"wineboot", "-i"}, {"winecfg", "-v", "win10"}} {
		if out, err := Output(p.CommandContext(ctx, args[0], args[1:]...)); err != nil {
			return fmt.Errorf("cannot run %s for Wine's first prefix: %w: %s", args[0], err, out)
		}
	}
	if err := p.wait(ctx); err != nil {
		return err
	}
	return compile(ctx, p.Path(`C:\windows\system32\bcryptprimitives.dll`))
}

func compile(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "x86_64-w64-mingw32-gcc", "-x", "c", "-O2", "-s", "-shared", "-o", to, "-", "-ladvapi32")
	cmd.Stdin = strings.NewReader(lacks)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot compile bcryptprimitives.c: %w: %s", err, out)
	}
	return nil
}

// loader is Wine's program for 64 bits. Debian's "wine" is a script that
// complains about missing 32-bit parts in every output.
func loader() string {
	for _, path := range []string{"/usr/lib/wine/wine64", "/usr/lib/x86_64-linux-gnu/wine/wine64"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return "wine"
}

// cacheDir is .ci/cache of the checkout that the working folder is in.
func cacheDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot find the checkout: %w", err)
	}
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Stat(filepath.Join(up, "go.mod")); err == nil {
			cache := filepath.Join(up, ".ci", "cache")
			if err := os.MkdirAll(cache, 0o755); err != nil {
				return "", fmt.Errorf("cannot make the folder for Wine's first prefix: %w", err)
			}
			return cache, nil
		}
		if up == filepath.Dir(up) {
			return "", fmt.Errorf("cannot find the checkout above %s: no go.mod", dir)
		}
	}
}
