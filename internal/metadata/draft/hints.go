// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"strings"
)

// conditionHint is what an if says of the machine within it.
func conditionHint(condition string) hint {
	c := strings.ToLower(condition)
	var h hint
	if strings.Contains(c, "bit system") || strings.Contains(c, "systemtype") || strings.Contains(c, "architecture") || strings.Contains(c, "arch$") || strings.Contains(c, "bit$") {
		switch {
		case strings.Contains(c, "64"):
			h.arch = "x64"
		case strings.Contains(c, "x86") || strings.Contains(c, "32"):
			h.arch = "x86"
		}
	}
	if strings.Contains(c, "getos") || strings.Contains(c, "$os$") {
		switch {
		case strings.Contains(c, "windows"):
			h.os = "windows"
		case strings.Contains(c, "linux"):
			h.os = "linux"
		case strings.Contains(c, "macos"):
			h.os = "macos"
		}
	}
	if strings.Contains(c, " or ") || strings.Contains(c, " and ") {
		return hint{} // which part decides is not worked out
	}
	if strings.Contains(c, "not(") || strings.Contains(c, "not (") || strings.Contains(c, "<>") {
		return otherwise(h)
	}
	return h
}

// otherwise is the hint of an else.
func otherwise(h hint) hint {
	switch h.arch {
	case "x64":
		return hint{arch: "x86"}
	case "x86":
		return hint{arch: "x64"}
	}
	return hint{}
}
