// SPDX-License-Identifier: Apache-2.0

package opsiclientd

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	fileName = "opsiclientd.conf"
	keyName  = "opsi_host_key"
	keyPlace = "%global." + keyName + "%"
)

// Conf is an opsiclientd.conf without its key.
type Conf struct{ sections map[string]map[string]string }

// Parse reads the text of an opsiclientd.conf. What it does not understand it passes
// over, as opsiclientd does.
func Parse(text string) Conf {
	c := Conf{sections(text)}
	key := c.sections["global"][keyName]
	delete(c.sections["global"], keyName)
	if key == "" {
		return c
	}
	for _, options := range c.sections {
		for name, value := range options {
			options[name] = strings.ReplaceAll(value, key, keyPlace) // it means the same
		}
	}
	return c
}

var anyKey = regexp.MustCompile(`(?i)[0-9a-f]{32,}`)

// WithoutKeys is a line from elsewhere as it may be shown: somebody may have written a
// key into it.
func WithoutKeys(line string) string { return anyKey.ReplaceAllString(line, "(secret)") }

// Read reads the file of this machine's opsiclientd.
func Read(path string) (Conf, error) {
	text, err := ReadText(path, nil)
	if err != nil {
		return Conf{}, fmt.Errorf("cannot read the configuration of opsiclientd: %w", err)
	}
	return Parse(text), nil
}

// Place is where the file lies on a system. An agent that was put elsewhere is known by
// the file that we take our key from, if that is one.
func Place(system, keyFile string) string {
	if name := keyFile[strings.LastIndexAny(keyFile, `/\`)+1:]; strings.EqualFold(name, fileName) {
		return keyFile
	}
	if system != "windows" {
		return "/etc/opsi-client-agent/" + fileName
	}
	programs := os.Getenv("ProgramFiles(x86)")
	if !filepath.IsAbs(programs) {
		programs = `C:\Program Files (x86)`
	}
	return programs + `\opsi.org\opsi-client-agent\opsiclientd\` + fileName
}

// Processor is the line that runs the action processor, as it stands in the file.
func (c Conf) Processor() string { return c.sections["action_processor"]["command"] }

// Notifier is the desktop on which event_default shows the notifier of an event, as it
// stands in the file.
func (c Conf) Notifier() string { return c.sections["event_default"]["event_notifier_desktop"] }

// Drive is the drive that the depot is mounted as on Windows, "" = another one each time.
func (c Conf) Drive() string {
	switch d := strings.ToUpper(c.sections["depot_server"]["drive"]); {
	case d == "":
		return `P:\` // opsi's own
	case len(d) == 2 && d[0] >= 'A' && d[0] <= 'Z' && d[1] == ':':
		return d + `\`
	}
	return ""
}

// Fits reports whether opsiclientd works for the same server, and as the same client:
// a call of it for others is refused, so its events would do nothing. What is "", here
// or in the file, is not looked at. Of several servers one must fit.
func (c Conf) Fits(server, client string) error {
	if as := c.sections["global"]["host_id"]; as != "" && client != "" && !strings.EqualFold(as, client) {
		return fmt.Errorf("opsiclientd works as %s, quietsetup as %s", as, client)
	}
	theirs := c.sections["config_service"]["url"]
	if theirs == "" || server == "" || slices.ContainsFunc(strings.Split(theirs, ","), func(u string) bool { return serverOf(u) == serverOf(server) }) {
		return nil
	}
	return fmt.Errorf("opsiclientd works for %s, quietsetup for %s", theirs, server)
}

// serverOf is host and port of a server's address, "" for what is none.
func serverOf(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return ""
	}
	return strings.ToLower(u.Hostname()) + ":" + cmp.Or(u.Port(), "4447")
}

// Bounds of what refers to something else: no sane file comes near, and one that refers to itself
// ends there.
const (
	maxRounds = 10
	maxLine   = 8 << 10 // bytes
)

var reference = regexp.MustCompile(`%[^%\s.]+\.[^%\s.]+%`)

// Resolve puts the options of the file in the place of %section.option%. What the file
// does not know stays: that is opsiclientd's own, or the key's.
func (c Conf) Resolve(text string) string {
	for range maxRounds {
		room := maxLine - len(text)
		next := reference.ReplaceAllStringFunc(text, func(r string) string {
			section, option, _ := strings.Cut(strings.ToLower(strings.Trim(r, "%")), ".")
			if value, known := c.sections[section][option]; known && len(value) <= room {
				room -= len(value)
				return value
			}
			return r
		})
		if next == text {
			break
		}
		text = next
	}
	return text
}

// Event is an event that processes actions.
type Event struct {
	Name    string // default, gui_startup{user_logged_in}
	Command string // resolved
	Ours    bool   // its command is ours
	Program string // of quietsetup, if it is
	// Desktops on which opsi shows its windows; "" = it shows none.
	EventNotifier, ActionNotifier, ShutdownNotifier string
}

// Unsaid is the desktop of a notifier that the file does not name.
const Unsaid = "unsaid"

// Winlogon is the desktop that people who work do not see.
const Winlogon = "winlogon"

// Events are those that are active and process actions, by name. The template from
// which others inherit is none.
func (c Conf) Events(system string) []Event {
	var out []Event
	for section := range c.sections {
		name, ok := strings.CutPrefix(section, "event_")
		if !ok || name == "" {
			continue
		}
		own := c.sections[section]
		options := c.inherited(section)
		active, has := own["active"]
		if kind := strings.ToLower(options["type"]); has && !truth(active) || kind == "" || kind == "template" {
			continue
		}
		if says, has := options["process_actions"]; has && !truth(says) {
			continue
		}
		e := Event{Name: name, Command: c.Resolve(cmp.Or(options["action_processor_command"], "%action_processor.command%"))}
		e.Program, e.Ours = Ours(system, e.Command)
		if shown, said := options["event_notifier_command"]; !said || shown != "" {
			e.EventNotifier = desktop(options["event_notifier_desktop"])
		}
		if seconds(options["action_warning_time"]) > 0 {
			e.ActionNotifier = desktop(options["action_notifier_desktop"])
		}
		if seconds(options["shutdown_warning_time"]) > 0 {
			e.ShutdownNotifier = desktop(options["shutdown_notifier_desktop"])
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Event) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// inherited are the options of an event with those of the events above it. Whether
// it is active is its own affair.
func (c Conf) inherited(section string) map[string]string {
	out := map[string]string{}
	for range maxRounds { // no sane file has more above each other
		own := c.sections[section]
		for name, value := range own {
			if _, there := out[name]; !there {
				out[name] = value
			}
		}
		super := own["super"]
		if name, _, with := strings.Cut(section, "{"); super == "" && with {
			section = strings.TrimSpace(name)
			continue
		}
		if super == "" {
			break
		}
		section = "event_" + strings.TrimPrefix(strings.ToLower(super), "event_")
	}
	return out
}

func truth(value string) bool {
	return slices.Contains([]string{"true", "1", "yes", "on"}, strings.ToLower(value))
}

func seconds(value string) int {
	n, _ := strconv.Atoi(value) // no number is no time
	return n
}

func desktop(value string) string { return cmp.Or(strings.ToLower(value), Unsaid) }
