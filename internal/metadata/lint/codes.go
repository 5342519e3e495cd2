// SPDX-License-Identifier: Apache-2.0

package lint

// Code is one line of the table of codes. Names and severities are stable.
type Code struct {
	Name     string
	Severity Severity
	Means    string
	Do       string
}

// Codes is the table of all codes, by subject. docs/metadata.md holds the same.
func Codes() []Code {
	var out []Code
	for _, part := range [][]Code{textCodes(), fileCodes(), installerCodes(), programCodes(), runCodes(), controlCodes()} {
		out = append(out, part...)
	}
	return out
}

func severity(code string) Severity {
	for _, c := range Codes() {
		if c.Name == code {
			return c.Severity
		}
	}
	return Error
}

func textCodes() []Code {
	return []Code{
		{"too-large", Error, "A file is larger than a megabyte.", "It is no metadata. Find out what was copied there."},
		{"not-utf8", Error, "A file is not in UTF-8.", "Save it as UTF-8; often it was written as Windows-1252."},
		{"byte-order-mark", Warning, "A file begins with a byte order mark, on which other programs fail.", "Save it as UTF-8 without BOM, or run `quietsetup meta fmt -w`."},
		{"syntax", Error, "The text cannot be read as what it should be.", "Mend the line. The message says what was expected."},
		{"backslash-escape", Error, "A backslash in \"…\" begins an escape: \"C:\\temp\" holds a tab.", "Write the value in single quotes: 'C:\\temp'."},
		{"unclosed-apostrophe", Error, "An apostrophe ended a value in '…' too early.", "Write the value in double quotes, with each backslash twice."},
		{"apostrophe", Hint, "A value holds an apostrophe. opsi's tool that writes this file loses it.", "Keep the file out of that tool, or do without the apostrophe."},
		{"constant-in-basic-string", Warning, "A %Constant% stands in \"…\". opsi's own reader puts its backslashes into the text before it reads it, and fails.", "Write the value in single quotes, or run `quietsetup meta fmt -w`."},
		{"doubled-backslash", Warning, "A path has each backslash twice.", "Write one: in '…' nothing is escaped."},
		{"wrong-type", Error, "A value is of another type than its key wants.", "Write a string, list, number, or true or false as the message says."},
		{"bad-value", Error, "A value is of the right type and still cannot be used.", "The message says what is wanted."},
		{"unknown-key", Warning, "A key is not known and has no effect.", "Mind the spelling that the message proposes, or remove the key."},
	}
}

func fileCodes() []Code {
	return []Code{
		{"file", Error, "A file or folder is missing, is a link, or is not a plain file.", "Put a plain file in its place. Links are not followed."},
		{"no-package", Hint, "A folder of the depot is no package.", "Nothing, if it is meant to be there."},
		{"no-metadata", Warning, "The package has no opsi-meta-data.toml, so nobody knows what its installer disturbs. It waits until nobody is there.", "`quietsetup meta init` makes a first file."},
		{"unknown-version", Warning, "specification.version is not 0.1; it is read as if it were.", "Write '0.1'."},
		{"no-version", Hint, "specification.version is missing.", "Write it: version = '0.1' below [specification]."},
		{"newer-version", Error, "The table [quietsetup] is of a later version of quietsetup.", "Update quietsetup on the machines, or write version = 1 if nothing newer is used."},
		{"icon-missing", Warning, "The icon that is named is not in CLIENT_DATA.", "Put it there, or mend the name; case counts."},
		{"no-icon", Hint, "No icon is named, and there is none with the product's name.", "Add one, and people see at once what is meant."},
		{"installer-file-missing", Hint, "The file that path names is not in CLIENT_DATA.", "Mend the path, unless the file is added when the package is built."},
	}
}

func installerCodes() []Code {
	return []Code{
		{"no-installers", Warning, "No installer is described, so nobody knows what is disturbed.", "Add [[installers]]; where nothing is disturbed, say so with without_metadata = 'install' in [quietsetup.policy]."},
		{"fits-nothing", Error, "No installer is for any system.", "Mend os and os_arch of at least one."},
		{"missing-requirement", Warning, "An installer does not say which system it is for, so it is taken for all. opsi's own reader fails.", "Add [installers.requirement] with os and os_arch."},
		{"requirement-list", Warning, "The requirement is written as a list or under the name requirements, as some pages show it. opsi's own reader fails.", "Write [installers.requirement]."},
		{"unknown-system", Error, "os or os_arch is no word that is known, so the installer fits no machine.", "os: windows, linux, macos. os_arch: x86, x64, arm64, arm. Any: os_unknown, arch_unknown."},
		{"shadowed-installer", Warning, "An installer is never chosen, because another fits its machines as well or better.", "Remove it, or mend its requirement."},
		{"background-missing", Hint, "install_in_background is not said; true is taken.", "Say it: false if people must not be there, for example because the machine restarts."},
		{"background-false", Hint, "install_in_background is false: the installer waits until nobody is there.", "Nothing, if it is meant so."},
	}
}

func programCodes() []Code {
	return []Code{
		{"nothing-to-hold", Warning, "Neither a directory nor a program is named. The package is handled as if it had no metadata.", "Name install_dir or processes."},
		{"bad-path", Error, "A directory is not one exact absolute path of its system.", "Begin it with a constant, a drive or /; no .. and no patterns."},
		{"unsafe-directory", Error, "A directory is too wide or the system's: programs of others would be closed.", "Name the product's own directory."},
		{"wrong-program-files", Warning, "%ProgramFilesDir% in an installer for x64 or arm64 is the folder for 32-bit programs, “Program Files (x86)”.", "Write %ProgramFiles64Dir%, or %ProgramFiles32Dir% if the program really is a 32-bit one."},
		{"empty-entry", Warning, "An empty string stands in a list before others. opsi's own check then fails at each run.", "Remove it."},
		{"duplicate-entry", Hint, "An entry of a list is there twice.", "Remove one."},
		{"bad-process", Error, "An entry of processes can be no program: a pattern, or a path that does not begin at the root.", "Write the file name alone, or the whole path."},
		{"process-exe", Warning, "The name of a program lacks “.exe” on Windows, or has it elsewhere. Names are compared whole.", "Write the file name as the task list shows it."},
		{"process-case", Warning, "The same program is named in different case. opsi's own check counts case.", "Keep the spelling that the task list shows."},
		{"process-substring", Hint, "opsi's own check looks for the name anywhere in a line, so 7z.exe is found in p7z.exe too. quietsetup compares whole names.", "Use the whole path if opsi's check matters."},
		{"unknown-constant", Error, "A %Constant% is not known on that system.", "Mind the spelling that the message proposes. Variables of Windows such as %ProgramFiles% are not read."},
		{"user-constant", Error, "A %Constant% is a folder of one user.", "Name the programs in processes instead."},
		{"machine-constant", Error, "A %Constant% is known on the single machine alone, or belongs to opsi's own program.", "Do without it; a script can find it out itself."},
		{"unclosed-constant", Warning, "A single % stands in a path, so a constant is most likely not closed.", "Write %Name%."},
		{"control-character", Error, "A name or path holds a character that cannot be seen.", "Remove it; often it comes from a backslash in \"…\"."},
	}
}

func runCodes() []Code {
	return []Code{
		{"no-command", Warning, "Nothing says what to run: quietsetup.command is missing.", "Add it: command = ['./setup.sh']."},
		{"no-uninstall-command", Hint, "The control file names an uninstall script, and quietsetup.uninstall_command is missing.", "Add it, or nothing can be uninstalled."},
		{"command-missing", Error, "The file that a command starts is not in CLIENT_DATA, or lies outside of it.", "Mend the name; it counts from CLIENT_DATA."},
		{"command-not-executable", Error, "The file that a command starts may not be executed.", "chmod +x, or name its interpreter first: ['/bin/sh', './setup.sh']."},
		{"shell-string", Warning, "A command holds signs that only a shell understands. None is started.", "One element for each argument; what needs a shell goes into a script."},
		{"no-detect", Hint, "Nothing tells whether the product is installed, so the installer's exit code is believed.", "Add detect = { kind = 'file', name = '…' }."},
		{"unknown-outcome", Warning, "repeatable is false and nothing tells whether the product is installed. After a crash somebody has to look.", "Add detect, or repeatable = true if the installer may be run again."},
		{"bad-policy-value", Error, "A policy value is out of its range, so it does not count.", "The message says the range."},
		{"unknown-policy-key", Warning, "A key of [quietsetup.policy] is not known, or not yet.", "Mind the spelling that the message proposes."},
	}
}

func controlCodes() []Code {
	return []Code{
		{"id-mismatch", Error, "The product's id is not the name of its folder.", "Rename one of them."},
		{"bad-id", Error, "The folder's name can be no product's id.", "Use a-z, 0-9, dot, underscore and hyphen."},
		{"not-localboot", Hint, "The product is no localboot product, so quietsetup has nothing to do with it.", "Nothing."},
		{"bad-version", Error, "A version is missing or not written as opsi wants it.", "Product version: 1 to 32 letters, digits and dots. Package version: 1 to 16."},
		{"control-disagreement", Warning, "control and control.toml say different things. control.toml counts; older tools read the other.", "Make them equal, or remove the old one."},
		{"unknown-section", Error, "A section of a control file is not known.", "Mind the spelling."},
		{"priority-clipped", Warning, "The priority is not from -100 to 100 and is cut to that.", "Write a number in the range."},
		{"script-missing", Warning, "A script that the control file names is not in CLIENT_DATA.", "Add it, or remove the key."},
		{"self-dependency", Error, "A product depends on itself.", "Remove the dependency."},
		{"dependency-cycle", Error, "Products of the depot wait for each other in a circle. Until it is cut, none of them is installed.", "Remove one of the dependencies that are named."},
		{"empty-dependency", Error, "A dependency has neither requiredAction nor requiredStatus.", "Add one of them."},
		{"unordered-dependency", Hint, "A dependency does not say before or after: the other product is installed too, in any order.", "Add requirementType: before."},
		{"duplicate-dependency", Hint, "The same action depends on the same product twice.", "Remove one."},
		{"unknown-product", Warning, "A product that is needed is not in the depot.", "Add it to the depot, or mend its id."},
		{"bad-property", Error, "A product property has no name, a name twice, or a type that is not known.", "The message says what is wanted."},
		{"property-default", Warning, "The default of a property is not among its values, or there are several where one can count.", "Add it to values, or set editable or multivalue."},
	}
}
