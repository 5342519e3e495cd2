// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"slices"
	"strings"
)

// vitalFolders lists the folders of Unix systems that vital programs live in;
// those below /usr/lib may lie below /usr/lib/x86_64-linux-gnu too. CheckDir refuses each of them
// and all above, so no directory of a package ever holds a vital program.
func vitalFolders() []string {
	return []string{"/bin", "/sbin", "/lib/systemd", "/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/usr/libexec", "/usr/lib",
		"/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh", "/usr/lib/dbus-1.0", "/usr/lib/gdm3", "/usr/lib/gdm", "/usr/lib/xorg",
		"/usr/lib/polkit-1", "/usr/lib/policykit-1", "/usr/lib/sddm", "/usr/lib/lightdm", "/usr/lib/elogind", "/usr/libexec/elogind",
		"/usr/lib/accountsservice", "/usr/local/bin", "/usr/local/sbin"}
}

// vitalUnix lists the programs without which the machine, all logins or a
// login session ends. They count in the folders above only: a product may have
// a program of the same name elsewhere.
func vitalUnix() []string {
	return []string{
		"init", "systemd", "systemd-executor", "systemd-journald", "systemd-logind", "systemd-udevd", "systemd-networkd", "systemd-resolved",
		"systemd-timesyncd", "systemd-userdbd", "systemd-userwork", "systemd-machined", "systemd-oomd", "systemd-homed", "elogind", "elogind-daemon", "runit", "runsvdir",
		"openrc", "openrc-init", "s6-svscan", "dinit", "upstart", "udevd",
		"dbus-daemon", "dbus-broker", "dbus-broker-launch", "polkitd", "accounts-daemon",
		"sshd", "sshd-session", "sshd-auth", "dropbear", "login", "agetty", "getty", "mingetty", "su", "sudo", "sudo-rs", "doas", "run0", "pkexec",
		"NetworkManager", "wpa_supplicant", "iwd", "dhclient", "dhcpcd", "connmand", "sssd", "sssd_be", "sssd_nss", "sssd_pam", "winbindd", "nscd", "nslcd",
		"gdm", "gdm3", "gdm-session-worker", "gdm-wayland-session", "gdm-x-session", "sddm", "sddm-helper", "lightdm", "lxdm", "xdm", "greetd", "slim",
		"xrdp", "xrdp-sesman", "vncsession", "Xorg", "Xorg.wrap", "X", "Xwayland", "Xvnc", "Xtigervnc", "weston",
		"gnome-session", "gnome-session-binary", "gnome-session-service", "gnome-session-ctl", "gnome-shell", "mutter",
		"startplasma-wayland", "startplasma-x11", "plasma_session", "plasmashell", "ksmserver", "kwin_x11", "kwin_wayland", "kwin_wayland_wrapper",
		"xfce4-session", "xfwm4", "cinnamon", "cinnamon-session", "cinnamon-session-binary", "mate-session", "lxsession", "lxqt-session", "budgie-wm", "sway", "labwc",
		"ssh-agent", "gnome-keyring-daemon",
		"dpkg", "apt-get", "rpm", // stopped midway they leave a machine that can install nothing
		"launchd", "kernel_task", "loginwindow", "WindowServer", "opendirectoryd", "securityd", "securityd_service", "configd", "cfprefsd", "UserEventAgent",
	}
}

// vitalWindows lists the programs of Windows without which it or a login
// session ends, folded.
func vitalWindows() []string {
	return []string{"SYSTEM", "REGISTRY", "SMSS.EXE", "CSRSS.EXE", "WININIT.EXE", "WINLOGON.EXE", "SERVICES.EXE", "LSASS.EXE", "LSAISO.EXE", "LSM.EXE",
		"SVCHOST.EXE", "EXPLORER.EXE", "DWM.EXE", "LOGONUI.EXE", "USERINIT.EXE", "FONTDRVHOST.EXE", "SIHOST.EXE", "TASKHOSTW.EXE", "TASKHOST.EXE",
		"SPOOLSV.EXE", "CONHOST.EXE", "RUNTIMEBROKER.EXE", "SHELLEXPERIENCEHOST.EXE", "STARTMENUEXPERIENCEHOST.EXE", "CTFMON.EXE",
		"MSMPENG.EXE", "NISSRV.EXE", "SECURITYHEALTHSERVICE.EXE", "WUDFHOST.EXE", "WMIPRVSE.EXE", "DLLHOST.EXE", "RDPCLIP.EXE", "TERMSRV.EXE",
		"APPLICATIONFRAMEHOST.EXE", "AUDIODG.EXE", "CONSENT.EXE", "LOCKAPP.EXE", "SEARCHHOST.EXE", "SEARCHAPP.EXE", "SEARCHUI.EXE", "SGRMBROKER.EXE",
		"SMARTSCREEN.EXE", "TEXTINPUTHOST.EXE", "UTILMAN.EXE", "WLANEXT.EXE",
		"TRUSTEDINSTALLER.EXE", "TIWORKER.EXE", "MSIEXEC.EXE", "MEMORY COMPRESSION", "SECURE SYSTEM"}
}

// vital reports whether the machine or a session needs a program. It goes by
// path, owner and session: a name alone proves nothing, since anybody may call
// a program "explorer.exe".
func vital(r PathRules, p Program) bool {
	if p.Own || p.Kernel || p.ID.PID <= 1 {
		return true
	}
	if r.windows {
		return p.ID.PID <= 4 || vitalOnWindows(r, p)
	}
	dir, base := "", r.Clean(p.Path)
	if i := strings.LastIndexByte(base, '/'); i >= 0 {
		dir, base = base[:i], base[i+1:]
	}
	if !slices.Contains(vitalUnix(), base) {
		return false
	}
	// Without a path the system keeps it from us: then the name must do.
	return dir == "" || slices.Contains(vitalFolders(), withoutTriplet(dir))
}

// withoutTriplet turns /usr/lib/x86_64-linux-gnu/sddm into /usr/lib/sddm.
func withoutTriplet(dir string) string {
	rest, ok := strings.CutPrefix(dir, "/usr/lib/")
	if !ok {
		return dir
	}
	triplet, rest, below := strings.Cut(rest, "/")
	if !strings.Contains(triplet, "-linux-gnu") || !below {
		return dir
	}
	return "/usr/lib/" + rest
}

func vitalOnWindows(r PathRules, p Program) bool {
	key := string(r.appendKey(nil, p.Path))
	dir, base := "", key
	if i := strings.LastIndexByte(key, '\\'); i >= 0 {
		dir, base = key[:i], key[i+1:]
	}
	if !slices.Contains(vitalWindows(), base) {
		return false
	}
	_, folder, _ := strings.Cut(dir, `\`)
	system := dir == "" || folder == "WINDOWS" || strings.HasPrefix(folder, `WINDOWS\`)
	return system ||
		slices.Contains([]string{"sid:S-1-5-18", "sid:S-1-5-19", "sid:S-1-5-20"}, p.Owner) ||
		slices.Contains(p.Sessions, "0")
}
