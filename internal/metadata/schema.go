// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"strings"

	"github.com/quietsetup/quietsetup/internal/policy"
)

// schema is the version of opsi's metadata file that is known here.
const schema = "0.1"

// Known lists the keys of a table of the metadata file or of a control file, in
// their canonical order; nil for a table that is not known. Lists of tables have
// the name of one: "installers", "installers.requirement", "quietsetup.detect",
// "Product". "" is the metadata file itself. Our own table has the same keys at
// both of its places, "quietsetup" and "installers.quietsetup".
func Known(table string) []string {
	table = strings.TrimPrefix(table, "installers.")
	switch table {
	case "":
		return []string{"specification", "product", "installers", "quietsetup"}
	case "specification":
		return []string{"version"}
	case "product":
		return []string{"productIconFilePath", "product_icon_file_path"}
	case "installers":
		return []string{"name", "path", "install_dir", "check_processes_from_dirs", "processes", "install_in_background",
			"requirement", "requirements", "quietsetup"}
	case "requirement", "requirements":
		return []string{"os", "os_arch", "requiredSpaceMB", "required_space_MB"}
	case "quietsetup":
		return []string{"version", "command", "uninstall_command", "repeatable", "exit_codes", "detect", "services", "old_install_dirs", "old_display_names", "policy"}
	case "quietsetup.exit_codes":
		return []string{"ok", "reboot", "retry"}
	case "quietsetup.detect":
		return []string{"kind", "name", "version"}
	case "quietsetup.policy":
		var out []string
		for _, k := range policy.Keys() {
			out = append(out, k.Name)
		}
		return out
	}
	return knownControl(table)
}

// knownControl lists the keys of opsi's control files. Some are written in one
// of the two forms only.
func knownControl(section string) []string {
	switch section {
	case "Package":
		return []string{"version", "depends", "incremental"}
	case "Product":
		return []string{"type", "id", "name", "description", "advice", "version", "productVersion", "packageVersion", "priority",
			"licenseRequired", "productClasses", "setupScript", "uninstallScript", "updateScript", "alwaysScript", "onceScript",
			"customScript", "userLoginScript", "pxeConfigTemplate", "windowsSoftwareIds"}
	case "Windows":
		return []string{"softwareIds"}
	case "ProductDependency":
		return []string{"action", "requiredProduct", "requiredProductVersion", "requiredPackageVersion", "requiredClass",
			"requiredStatus", "requiredAction", "requirementType"}
	case "ProductProperty":
		return []string{"type", "name", "description", "values", "default", "editable", "multivalue"}
	}
	return nil
}

func controlSections() []string {
	return []string{"Package", "Product", "Windows", "ProductDependency", "ProductProperty", "Changelog"}
}
