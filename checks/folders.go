// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"path"
	"strings"
)

// folder is a place whose programs belong to the system or to everybody. A "*"
// stands for any text within one part.
type folder struct {
	parts []string
	below bool // everything below it too
	what  string
}

// matches reports whether the n-th part of the folder stands for part.
func (f folder) matches(n int, part string) bool {
	ok, err := path.Match(f.parts[n], part)
	return ok && err == nil
}

func folders(sep, what string, below bool, paths ...string) []folder {
	var out []folder
	for _, p := range paths {
		out = append(out, folder{parts: strings.Split(p, sep), below: below, what: what})
	}
	return out
}

// unixFolders lists Linux and macOS folders, in lower case and without the
// first "/". A folder directly below the root needs no mention of its own.
func unixFolders() []folder {
	var out []folder
	out = append(out, folders("/", "a part of the system", true,
		"bin", "boot", "dev", "etc", "lost+found", "proc", "run", "sbin", "sys", "lib", "lib32", "lib64", "libx32", "libexec",
		"usr/bin", "usr/sbin", "usr/games", "usr/include", "usr/src", "usr/lib/systemd", "usr/lib/modules", "usr/lib/firmware",
		"usr/lib/dbus-1.0", "usr/lib/openssh", "usr/libexec/openssh", "usr/lib/ssh", "usr/lib/polkit-1", "usr/lib/policykit-1",
		"usr/lib/gdm3", "usr/lib/gdm", "usr/lib/xorg", "usr/lib/sddm", "usr/lib/lightdm", "usr/lib/apt", "usr/lib/dpkg",
		"usr/lib/elogind", "usr/libexec/elogind", "usr/lib/accountsservice",
		"usr/lib/udev", "usr/lib/cgi-bin", "usr/lib/networkmanager", "usr/lib/snapd", "usr/lib/initramfs-tools", "usr/lib/init",
		"var/run", "var/lock", "var/lib/dpkg", "var/lib/rpm", "var/lib/systemd", "var/lib/dbus",
		"private/etc", "private/var/db", "private/var/run", "system", "library/apple", "cores",
		"nix/var", "gnu/var")...)
	out = append(out, folders("/", "a folder of many programs", false,
		"usr/lib", "usr/lib32", "usr/lib64", "usr/libx32", "usr/libexec", "usr/share", "usr/local",
		"usr/local/bin", "usr/local/sbin", "usr/local/lib", "usr/local/lib64", "usr/local/libexec", "usr/local/share",
		"usr/local/games", "usr/local/etc", "usr/local/opt", "usr/local/cellar", "usr/share/applications", "usr/lib/jvm",
		"usr/lib/kf5", "usr/lib/kf6", "usr/lib/*-linux-gnu*", "usr/lib/*-linux-gnu*/libexec", "usr/lib/*-linux-musl*", "usr/*-linux-gnu*",
		"var/lib", "var/tmp", "var/cache", "var/log", "var/spool", "var/opt", "var/www", "var/home", "var/mail", "var/local", "var/backups",
		"var/lib/flatpak", "var/lib/flatpak/app", "var/lib/flatpak/runtime", "var/lib/flatpak/exports",
		"var/lib/flatpak/exports/bin", "var/lib/snapd", "var/lib/snapd/snap", "var/lib/docker", "var/lib/docker/overlay2",
		"var/lib/containers", "var/lib/containerd", "var/lib/lxc", "var/lib/machines",
		"snap/bin", "opt/bin", "opt/sbin", "opt/lib", "opt/local", "opt/local/bin", "opt/homebrew", "opt/homebrew/bin",
		"nix/store", "gnu/store", "private/tmp", "private/var", "private/var/tmp", "private/var/folders",
		"applications/utilities", "library/application support", "library/frameworks", "library/launchdaemons", "library/launchagents")...)
	out = append(out, folders("/", "a person's home", false,
		"home/*", "users/*", "var/home/*", "export/home", "export/home/*", "usr/home", "usr/home/*", "private/var/root", "var/root")...)
	out = append(out, folders("/", "a folder of everything a person has", false,
		"home/*/.local", "home/*/.local/bin", "home/*/.local/lib", "home/*/.local/share", "home/*/.local/opt", "home/*/bin",
		"home/*/.config", "home/*/.cache", "home/*/desktop", "home/*/downloads", "home/*/documents", "home/*/snap",
		"root/.local", "root/.local/bin", "root/bin", "root/.config", "root/.cache",
		"users/*/library", "users/*/library/application support", "users/*/applications", "users/*/desktop",
		"users/*/downloads", "users/*/documents", "users/*/bin")...)
	out = append(out, folders("/", "the root of a disk", false,
		"mnt/*", "media/*", "media/*/*", "volumes/*", "run/media/*/*", "sysroot/*")...)
	// Where vital programs live, an image of the system would hold them too.
	for _, p := range vitalFolders() {
		out = append(out, folders("/", "a part of the system", false, strings.TrimPrefix(strings.ToLower(p), "/"))...)
		if rest, ok := strings.CutPrefix(p, "/usr/lib/"); ok {
			out = append(out, folders("/", "a part of the system", false, "usr/lib/*-linux-gnu*/"+rest)...)
		}
	}
	return out
}

// windowsFolders lists Windows folders, folded and without the drive: they are
// the same on every drive, since a system may lie on any.
func windowsFolders() []folder {
	var out []folder
	out = append(out, folders(`\`, "a part of the system", true,
		"WINDOWS", "WINDOWS.OLD", "WINNT", "BOOT", "EFI", "RECOVERY", "SYSTEM VOLUME INFORMATION", "$RECYCLE.BIN", "RECYCLER", "$WINDOWS.~BT",
		"$WINDOWS.~WS", "$WINREAGENT", "$SYSRESET", "CONFIG.MSI", "MSOCACHE", "PERFLOGS",
		`PROGRAMDATA\MICROSOFT\WINDOWS`, `PROGRAMDATA\MICROSOFT\WINDOWS DEFENDER`, `PROGRAMDATA\PACKAGE CACHE`,
		`PROGRAM FILES\WINDOWS DEFENDER`, `PROGRAM FILES\WINDOWS DEFENDER ADVANCED THREAT PROTECTION`,
		`PROGRAM FILES\WINDOWS SECURITY`, `PROGRAM FILES\WINDOWS NT`, `PROGRAM FILES (X86)\WINDOWS NT`,
		`PROGRAM FILES (X86)\WINDOWS DEFENDER`, `PROGRAM FILES\MODIFIABLEWINDOWSAPPS`)...)
	out = append(out, folders(`\`, "a folder of many programs", false,
		`PROGRAM FILES\COMMON FILES`, `PROGRAM FILES (X86)\COMMON FILES`, `PROGRAM FILES (ARM)\COMMON FILES`,
		`PROGRAM FILES\COMMON FILES\MICROSOFT SHARED`, `PROGRAM FILES (X86)\COMMON FILES\MICROSOFT SHARED`,
		`PROGRAM FILES\COMMON FILES\SYSTEM`, `PROGRAM FILES (X86)\COMMON FILES\SYSTEM`,
		`PROGRAM FILES\COMMON FILES\SERVICES`, `PROGRAM FILES (X86)\COMMON FILES\SERVICES`,
		`PROGRAM FILES\WINDOWSAPPS`, `PROGRAM FILES\MICROSOFT`, `PROGRAM FILES (X86)\MICROSOFT`,
		`PROGRAMDATA\MICROSOFT`, `PROGRAMDATA\APPLICATION DATA`, `PROGRAMDATA\CHOCOLATEY\BIN`, `PROGRAMDATA\CHOCOLATEY\LIB`)...)
	for _, homes := range []string{"USERS", "DOCUMENTS AND SETTINGS"} {
		out = append(out, folders(`\`, "a person's home", false, homes+`\*`)...)
		for _, sub := range []string{"APPDATA", `APPDATA\LOCAL`, `APPDATA\ROAMING`, `APPDATA\LOCALLOW`, `APPDATA\LOCAL\PROGRAMS`,
			`APPDATA\LOCAL\TEMP`, `APPDATA\LOCAL\PACKAGES`, `APPDATA\LOCAL\MICROSOFT`, `APPDATA\ROAMING\MICROSOFT`,
			`APPDATA\LOCAL\MICROSOFT\WINDOWSAPPS`, "APPLICATION DATA", "LOCAL SETTINGS", `LOCAL SETTINGS\APPLICATION DATA`,
			"DESKTOP", "DOCUMENTS", "DOWNLOADS", "ONEDRIVE", "START MENU", "MY DOCUMENTS"} {
			out = append(out, folders(`\`, "a folder of everything a person has", false, homes+`\*\`+sub)...)
		}
	}
	return out
}
