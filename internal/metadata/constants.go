// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// Constants are the %Name% of opsi's scripts and metadata: lower-case name
// without the percent signs -> value. Names are found in any case.
type Constants map[string]string

// MachineConstants are those that are the same for every package of a machine.
// Systems without a table here know only the constants of the package itself.
func MachineConstants(m Machine) Constants {
	if m.OS != "linux" {
		return Constants{}
	}
	return Constants{
		"opsitmpdir":     "/tmp",
		"opsiusertmpdir": "/tmp",
		"opsilogdir":     "/var/log/opsi-script",
	}
}

// with adds the constants of one package. Its files lie in folder.
func (c Constants) with(p Package, folder string) Constants {
	out := maps.Clone(c)
	if out == nil {
		out = Constants{}
	}
	for _, name := range []string{"scriptpath", "scriptdir", "realscriptpath"} {
		out[name] = folder
	}
	out["installingprodname"] = p.Product
	out["installingprodversion"] = p.ProductVersion + "-" + p.PackageVersion
	out["installingversion"] = p.ProductVersion
	return out
}

// resolve replaces every constant in s once: a value is not searched again. A
// percent sign that begins no name stays as it is.
func (c Constants) resolve(s string) (string, error) {
	var unknown string
	out := constantPattern().ReplaceAllStringFunc(s, func(name string) string {
		v, ok := c[strings.ToLower(strings.Trim(name, "%"))]
		if !ok && unknown == "" {
			unknown = name
		}
		return v
	})
	if unknown != "" {
		return "", fmt.Errorf("unknown constant %s", unknown)
	}
	return out, nil
}

func constantPattern() *regexp.Regexp {
	return regexp.MustCompile(`%[A-Za-z][A-Za-z0-9_]{0,63}%`)
}
