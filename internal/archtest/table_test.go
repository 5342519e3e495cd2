// SPDX-License-Identifier: Apache-2.0

package archtest

// room is one line of the import table.
type room struct {
	dir string
	// own are the packages of this module that it may import itself; what they
	// import in turn is judged in their own lines.
	own []string
	// ext are the outside modules it may import itself.
	ext []string
	// why says why it gets no more.
	why string
}

// Outside modules by the short names the table uses.
const (
	bbolt    = "go.etcd.io/bbolt"
	cobra    = "github.com/spf13/cobra"
	goWinio  = "github.com/Microsoft/go-winio"
	dbus     = "github.com/godbus/dbus/v5"
	goi18n   = "github.com/nicksnyder/go-i18n/v2"
	goPretty = "github.com/jedib0t/go-pretty/v6"
	gopsutil = "github.com/shirou/gopsutil/v3"
	md2man   = "github.com/cpuguy83/go-md2man/v2"
	pflag    = "github.com/spf13/pflag"
	looplab  = "github.com/looplab/fsm"
	rapid    = "pgregory.net/rapid"
	goFuse   = "github.com/hanwen/go-fuse/v2"
	mscfb    = "github.com/richardlehane/mscfb"
	gotools  = "github.com/rogpeppe/go-internal"
	systemd  = "github.com/coreos/go-systemd/v22"
	tomlLib  = "github.com/BurntSushi/toml"
	winres   = "github.com/tc-hib/winres"
	xsys     = "golang.org/x/sys"
	xterm    = "golang.org/x/term"
	xtext    = "golang.org/x/text"
	zerolog  = "github.com/rs/zerolog"
)

// rooms is the import table, bottom first.
func rooms() []room {
	return []room{
		{"events", nil, nil,
			"the vocabulary stands on nothing, so every tool can read a log"},
		{"fsm", []string{"events"}, []string{looplab},
			"the core is pure: the same log decides the same way on any machine"},
		{"store", []string{"events", "internal/filelock", "internal/winfile"}, []string{bbolt, xsys},
			"the log keeps records and does not know what they mean"},
		{"store/storetest", []string{"events", "store"}, nil,
			"the conformance suite knows the contract only"},
		{"checks", []string{"events"}, nil,
			"findings are data; the machine is seen through the caller's interface"},

		{"internal/winfile", nil, []string{xsys},
			"who could change a file and whether its name is durable takes Windows a page where others need a line: one room for all who ask"},
		{"internal/filelock", nil, []string{xsys},
			"a lock that dies with its holder is a call of the system; what is locked, and who waits for it, its callers know"},
		{"internal/needs", nil, nil,
			"what a test is missing is a question to the machine alone"},
		{"internal/atomicfile", []string{"internal/winfile"}, nil,
			"a whole file or none is a matter of folders and names; what is in it the caller knows"},
		{"internal/apitypes", nil, nil,
			"the wire's types are shared by daemon and prompt, so they drag nothing in"},
		{"internal/localsock", nil, []string{goWinio, xsys},
			"a connection and who is at its other end, nothing about what is said on it"},
		{"internal/host", []string{"checks", "events"}, []string{gopsutil, dbus, systemd, xsys},
			"the real machine; the only room that knows how the process list is read"},
		{"internal/winsvc", nil, []string{xsys},
			"a program as a service of Windows; what the service does comes as a function"},
		{"internal/agentstart", nil, []string{xsys},
			"starts a program in sessions; who is connected and what is asked the caller knows"},
		{"internal/installer", []string{"events", "internal/filelock", "internal/winfile"}, []string{xsys},
			"the supervisor outlives the daemon, so it cannot lean on the daemon's rooms"},
		{"internal/metadata/productid", nil, nil,
			"whether a product's name is safe is a question to the name alone"},
		{"internal/metadata/tomlfile", []string{"internal/meant"}, []string{tomlLib},
			"reads TOML with file, line and key in each error; what a key means is the caller's affair"},
		{"internal/order", nil, nil,
			"an order of names is a question to the names alone; where dependencies are written it does not know"},
		{"internal/meant", nil, nil,
			"a guess about a misspelt word; who asks is of no matter"},
		{"internal/policy", []string{"events", "internal/meant"}, nil,
			"layers become one policy with origins; where a layer was written it does not know"},
		{"internal/metadata", []string{"events", "internal/meant", "internal/metadata/productid", "internal/metadata/tomlfile", "internal/policy"}, nil,
			"a package's text becomes an events.Package and a policy layer; it decides nothing"},
		{"internal/metadata/draft", []string{"checks", "events", "internal/atomicfile", "internal/metadata", "internal/metadata/productid", "internal/metadata/tomlfile"}, []string{mscfb},
			"reads what others made and writes one file; what the file means is metadata's affair"},
		{"internal/metadata/draft/depottest", nil, nil,
			"makes package sources for tests and knows nothing of what is made of them"},
		{"internal/metadata/lint", []string{"checks", "events", "internal/metadata", "internal/metadata/productid", "internal/metadata/tomlfile", "internal/order", "internal/policy"}, nil,
			"findings are data over folders; it asks the reader what a machine would see and the order whether there is one, and no machine"},
		{"internal/metadata/canon", []string{"internal/atomicfile", "internal/metadata", "internal/metadata/tomlfile"}, nil,
			"rewrites a text that means the same; what it means is the reader's affair"},
		{"internal/config", []string{"events", "internal/winfile", "internal/meant", "internal/metadata/productid", "internal/metadata/tomlfile", "internal/policy"}, []string{xsys},
			"reads the config file; who uses the values is the daemon's affair"},
		{"internal/configcheck", []string{"internal/config", "internal/meant", "internal/metadata", "internal/metadata/productid", "internal/metadata/tomlfile", "internal/policy", "internal/source/opsi"}, nil,
			"findings are data about files; words for them has the command line"},
		{"internal/source/local", []string{"events", "internal/winfile", "internal/atomicfile", "internal/metadata", "internal/metadata/productid", "internal/order", "internal/source/packages"}, nil,
			"a source hands over rows and takes reports; it does not know the core"},
		{"internal/source/packages", []string{"events", "internal/metadata"}, nil,
			"what has to be known of a package before a round, for every source alike; where packages and policy come from is the daemon's affair"},
		{"internal/source/opsi/opsitest", nil, nil,
			"a server for tests is built from the protocol's facts alone: what it shared with the client, both could get wrong alike"},
		{"internal/source/opsi/opsitest/cmd", []string{"internal/source/opsi/opsitest"}, nil,
			"a main of a few lines: the double with a small site, for trials by hand"},
		{"internal/opsiclientd", []string{"internal/atomicfile"}, nil,
			"a text, what it says and one line in it; neither the server nor anything of ours is asked"},
		{"internal/opsiclientd/agentcheck", []string{"internal/opsiclientd", "internal/opsiscript"}, nil,
			"what doctor and the check of the server both say about opsi's agent; words for it has the command line"},
		{"internal/source/opsi", []string{"events", "internal/atomicfile", "internal/metadata/productid", "internal/opsiclientd", "internal/order", "internal/policy"}, nil,
			"a source hands over rows and takes reports; the server is reached with the standard library alone, and no core is known"},
		{"internal/opsiscript", []string{"events", "internal/atomicfile", "internal/metadata/productid"}, []string{xsys},
			"a command line, a private file and a judgement over two rows; who starts the process and who asks the server come as interfaces"},
		{"internal/opsiscript/standin", nil, nil,
			"plays opsi-script in tests from the protocol's facts alone: what it shared with what is tested, both could get wrong alike"},
		{"internal/source/opsi/servercheck", []string{"internal/opsiclientd/agentcheck", "internal/policy", "internal/source/opsi"}, nil,
			"walks the daemon's way to the server with the daemon's own client and says what it met; words for it has the command line"},
		{"internal/source/opsi/depotfiles", []string{"events", "internal/atomicfile", "internal/metadata", "internal/metadata/productid", "internal/metadata/tomlfile", "internal/source/opsi", "internal/winfile"}, []string{xsys},
			"brings a depot's files to where the reader of packages finds them; trust, login and patience are the client's, and what a file means is not asked"},
		{"internal/engine", []string{"events", "fsm"}, []string{zerolog},
			"the loop knows the core; store and effects come as interfaces it owns"},
		{"internal/effects", []string{"events", "fsm", "checks"}, []string{zerolog},
			"each effect owns the small interface it works through, so each can be tested alone"},
		{"internal/prompts", []string{"events", "fsm", "internal/apitypes", "internal/localsock"}, nil,
			"the broker passes prompts as data and knows who answers; transport is localapi's affair"},
		{"internal/opsidialog", []string{"events", "internal/apitypes", "internal/opsiclientd", "internal/prompts", "internal/source/opsi"}, nil,
			"stands in for an agent by opsiclientd's dialog; who is there, whose files are whose and the words come as functions, and it decides nothing"},
		{"internal/localapi", []string{"events", "internal/apitypes", "internal/localsock"}, nil,
			"handlers see the daemon through interfaces they own"},
		{"internal/localclient", []string{"internal/apitypes", "internal/localsock"}, nil,
			"linked into the unprivileged prompt: must not bring the core along"},
		{"internal/i18n", []string{"internal/apitypes"}, []string{goi18n, tomlLib, xsys, xtext},
			"texts by key and the wire's types in words; it does not know where they are shown"},
		{"internal/promptui/desktop", nil, []string{dbus, xsys},
			"shows a dialog by a program of the desktop; what it asks is the caller's affair"},
		{"internal/promptui/appwindows", nil, []string{xsys},
			"sees the windows of other programs; which of them matter is the caller's affair"},
		{"internal/promptui/desktoptest", []string{"internal/needs"}, nil,
			"a desktop for tests; it knows no window of ours"},
		{"internal/promptui", []string{"internal/apitypes", "internal/localclient", "internal/i18n", "internal/promptui/appwindows", "internal/promptui/desktop"}, []string{xterm, xsys},
			"runs with a user's rights: must not reach store, core or engine"},
		{"internal/view", []string{"events", "fsm", "internal/apitypes"}, nil,
			"the state as people are told it, live or from a copied log; it tells and never acts"},
		{"internal/replay", []string{"events", "fsm", "internal/apitypes", "internal/view"}, nil,
			"works on records, wherever they come from: a laptop has no daemon"},
		{"internal/actionprocessor", []string{"events", "internal/apitypes", "internal/view"}, nil,
			"judges from outside what the service shows whether opsi's agent waits; how the service is asked and what holds the lock come as interfaces"},
		{"internal/readiness", []string{"events", "fsm", "internal/metadata", "internal/metadata/tomlfile"}, nil,
			"asks a core of its own what a round would do; packages and machine are looked at by the caller, and nothing is carried out"},
		{"internal/storecheck", []string{"events", "internal/replay", "store"}, nil,
			"judges a store from outside: it reads what installers left, and must not know how they are run"},
		{"internal/doctor", []string{"checks", "internal/apitypes", "internal/config", "internal/host", "internal/localclient", "internal/opsiclientd", "internal/opsiclientd/agentcheck", "internal/winsvc", "store"}, []string{xsys},
			"looks at a machine through interfaces; the words for what it finds are the command line's"},
		{"internal/daemon", []string{
			"checks", "events", "fsm", "store", "internal/actionprocessor", "internal/apitypes", "internal/config", "internal/effects", "internal/engine",
			"internal/agentstart", "internal/host", "internal/installer", "internal/localapi", "internal/localsock", "internal/metadata",
			"internal/opsiclientd", "internal/opsidialog", "internal/opsiscript", "internal/order", "internal/policy", "internal/prompts", "internal/source/local", "internal/source/opsi", "internal/source/opsi/depotfiles", "internal/source/packages", "internal/view", "internal/winfile", "internal/winsvc"},
			[]string{systemd, xsys, zerolog},
			"the only composition root; nothing below it may know it"},
		{"internal/demo", []string{"events", "internal/apitypes", "internal/daemon", "internal/i18n", "internal/localclient", "internal/promptui", "internal/replay", "store"},
			[]string{xsys, xterm, zerolog},
			"stands above the daemon and uses it from outside, as a user does"},
		{"internal/cli/words", []string{"events", "internal/i18n"}, []string{goi18n, tomlLib},
			"the command line's sentences; it reads no log and asks no daemon"},
		{"internal/cli", []string{
			"checks", "events", "fsm", "store", "internal/actionprocessor", "internal/apitypes", "internal/atomicfile", "internal/cli/words", "internal/config", "internal/configcheck", "internal/demo", "internal/doctor",
			"internal/host", "internal/i18n", "internal/localclient", "internal/localsock", "internal/meant", "internal/metadata", "internal/metadata/canon",
			"internal/metadata/draft", "internal/metadata/lint", "internal/metadata/productid", "internal/metadata/tomlfile", "internal/opsiclientd", "internal/opsiclientd/agentcheck", "internal/opsiscript", "internal/order", "internal/policy",
			"internal/promptui", "internal/readiness", "internal/replay", "internal/source/opsi", "internal/source/opsi/depotfiles", "internal/source/opsi/servercheck", "internal/storecheck", "internal/view"},
			[]string{cobra, goPretty, xterm, xsys},
			"inspects from outside: it must not reach engine, effects or installer, or support could act by looking"},

		{"internal/manpages", []string{"internal/cli", "internal/daemon", "internal/promptui"}, []string{cobra, md2man, pflag},
			"asks the programs for their own help; what writes manual pages is shipped in none of them"},
		{"internal/sim", []string{"events", "fsm", "internal/effects", "internal/policy"}, nil,
			"the world knows the daemon's small interfaces; the engine and the store meet it in its tests"},

		{"internal/statesdoc", []string{"events", "fsm"}, []string{looplab},
			"draws the table the core is asked, not a second one"},
		{"internal/policydoc", []string{"internal/configcheck", "internal/policy"}, nil,
			"writes the tables that are read, not a second one; its test runs the command line"},
		{"internal/winresources", nil, []string{winres},
			"writes what Windows reads in our programs; it is shipped in none of them"},
		{"internal/figures", nil, nil,
			"measures from outside: imports nothing it measures"},
		{"internal/rig", nil, nil,
			"what a rig must count is known to the rigs of every room, so it imports none"},
		{"internal/crashdisk", nil, []string{goFuse},
			"a disk that loses power, for tests of any room: what is on it is bytes and names"},
		{"internal/rigs", []string{"internal/rig"}, nil,
			"runs the rigs from outside, as tests, and adds up what they say"},
		{"internal/mutation", nil, []string{tomlLib},
			"judges the tests of fsm and store from outside, as their source and a program that is run"},
		{"internal/fuzzrig", nil, nil,
			"tests only: it finds the fuzz targets by reading the source and runs them from outside"},
		{"internal/testreport", nil, nil,
			"reads the output of go test"},
		{"internal/e2e", nil, nil,
			"tests only: it uses the binaries as they are shipped, from outside"},
		{"internal/e2ewindows", nil, nil,
			"tests only: it uses the Windows binaries as they are shipped, from outside"},
		{"internal/e2ewindows/windowprogram", nil, []string{xsys},
			"a program with a window for those tests: what it is tested with it must not know"},
		{"internal/e2ewindows/setupprogram", nil, []string{xsys},
			"installers of every kind for those tests"},
		{"internal/e2ewindows/pipeprogram", nil, []string{xsys},
			"a stranger at the pipe: he has no client of ours"},
		{"internal/wine", nil, nil,
			"tests only: Windows programs under Wine; what a program is for it does not know"},
		{"internal/wine/testexec", []string{"internal/wine"}, nil,
			"runs any test program under Wine for go test"},
		{"internal/packagetest", nil, nil,
			"tests only: it installs the packages as an admin does, from outside"},
		{"internal/hostile", nil, []string{xsys, zerolog},
			"tests only: it puts real parts against strangers' files and callers"},
		{"internal/archtest", []string{"internal/needs"}, nil,
			"judges all packages, so it imports none of them"},

		{"cmd/quietsetupd", []string{"internal/daemon", "internal/installer", "internal/config"}, []string{zerolog},
			"a main of a few lines; the work is in the daemon's room"},
		{"cmd/quietsetup", []string{"internal/cli", "internal/demo", "internal/daemon", "internal/installer"}, nil,
			"a main of a few lines; the work is in the CLI's room"},
		{"cmd/quietsetup-prompt", []string{"internal/promptui", "internal/localclient", "internal/i18n", "internal/apitypes"}, nil,
			"a main of a few lines; unprivileged"},
	}
}

// testLibraries may be imported by every test, next to what the room itself may.
// Tests may also import any package of this module: they put real parts together.
func testLibraries() []string { return []string{rapid, gotools} }

// ban says what a package or binary must not reach, over any number of imports.
type ban struct {
	who    string // a package of this module, a whole tree with "/...", or "*"
	must   string // an import path of this module (short) or of an outside one
	except []string
	reason string
}

// bans hold for what is reached, not only for what is imported itself.
func bans() []ban {
	const notLink = "runs with a user's rights and talks to the daemon only: a bug in it must not reach the log or the decisions"
	return []ban{
		{"cmd/quietsetup-prompt", "store", nil, notLink},
		{"cmd/quietsetup-prompt", "fsm", nil, notLink},
		{"cmd/quietsetup-prompt", "internal/engine", nil, notLink},
		{"cmd/quietsetup-prompt", "internal/daemon", nil, notLink},
		{"cmd/quietsetup-prompt", bbolt, nil, notLink},
		{"cmd/quietsetup-prompt", gopsutil, nil, "it shows what it is told and looks at no process"},
		{"cmd/quietsetupd", cobra, nil, "the service stays lean: 9 MB stripped; subcommands live in quietsetup"},
		{"cmd/quietsetupd", goPretty, nil, "the service stays lean: tables are drawn by quietsetup"},
		{"cmd/quietsetupd", goi18n, nil, "prompts are data: the agent translates, the service never does"},
		{"cmd/quietsetupd", "text/template", nil, "methods looked up by name switch off the linker's removal of dead code: megabytes in a 9 MB service"},
		{"cmd/quietsetupd", "internal/cli", nil, "the service has no command line but its own"},
		{"cmd/quietsetupd", "internal/metadata/draft", nil, "looks into installers' files: a tool for whoever makes packages, not for a service that runs as root"},
		{"cmd/quietsetupd", "internal/demo", nil, "nothing of a demonstration runs as root"},
		{"cmd/quietsetup", md2man, nil, "manual pages are made when a package is built; nobody needs their writer at run time"},
		{"*", gopsutil, []string{"internal/host"}, "its last v3 is of 2024 and its fast path is easy to miss: one room knows it, one room changes"},
		{"*", bbolt, []string{"store"}, "it loses commits, kills the process or hangs on damaged files: only the store knows how it is opened"},
		{"*", goFuse, []string{"internal/crashdisk"}, "it is for tests alone: no binary mounts anything"},
		{"*", "internal/crashdisk", nil, "it is for tests alone: no binary mounts anything"},
		{"*", winres, []string{"internal/winresources"}, "it makes programs' resources: no program has it inside"},
		{"*", "internal/wine", []string{"internal/wine/testexec"}, "it is for tests alone: no binary knows Wine"},
		{"*", "internal/source/opsi/opsitest", []string{"internal/source/opsi/opsitest/cmd"}, "it is for tests alone: no binary plays a server"},
		{"*", looplab, []string{"fsm", "internal/statesdoc"}, "a machine of it wedges for good after one cancelled context: only its table is used"},
		{"*", zerolog, []string{"internal/daemon", "internal/engine", "internal/effects", "internal/demo", "cmd/quietsetupd", "cmd/quietsetup"},
			"rooms below return errors; the ones above log them once"},
		{"*", "internal/daemon", []string{"internal/demo", "internal/manpages", "cmd/quietsetupd", "cmd/quietsetup"}, "the composition root knows all; nobody it composes may know it"},
	}
}
