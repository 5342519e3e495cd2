// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
	"github.com/quietsetup/quietsetup/internal/source/opsi/servercheck"
)

const schemaServerCheck = "server_check/v1"

func (a *app) serverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "server",
		Short: "The opsi config server: can it be worked with, is what it wants ready",
		Args:  exact(0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.serverCheckCommand(), a.serverReadinessCommand(), a.serverSetupCommand(), a.serverTrustCommand())
	return cmd
}

// serverOptions say which server, where it is not the one of the config file.
type serverOptions struct{ config, url, hostID, keyFile, caFile string }

func (o *serverOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "config file (default "+config.DefaultPath()+")")
	f.StringVar(&o.url, "url", "", "address of the server, instead of the config file's source.url")
	f.StringVar(&o.hostID, "host-id", "", "full name of this client, instead of source.host_id")
	f.StringVar(&o.keyFile, "key-file", "", "opsiclientd.conf or file of the host key, instead of source.key_file")
	f.StringVar(&o.caFile, "ca-file", "", "file of the CA that vouches for the server, instead of source.ca_file")
}

// source is the config with its source as it is to be asked. With an address of
// their own the flags stand alone: what is to be tried is not in the file yet.
func (o serverOptions) source() (config.Config, error) {
	c := config.Default()
	if o.url == "" {
		var err error
		if c, err = config.Load(o.config); err != nil {
			return c, err
		}
		if c.Source.Kind != config.Opsi {
			return c, &coded{code: exitInvalid, err: fmt.Errorf("the configuration names no opsi server: [source] kind is %q; name one with --url to try it", c.Source.Kind)}
		}
	} else if c.Path = o.config; o.config != "" {
		return c, usage(errors.New("--url stands for a server of no config file: leave out --config"))
	}
	s := &c.Source
	if s.Kind != config.Opsi { // the folder is the default of the other kind
		s.Kind, s.Depot = config.Opsi, ""
	}
	for _, x := range []struct {
		flag string
		to   *string
		path bool
	}{{o.url, &s.URL, false}, {strings.ToLower(o.hostID), &s.HostID, false}, {o.keyFile, &s.KeyFile, true}, {o.caFile, &s.CAFile, true}} {
		if x.flag == "" {
			continue
		}
		*x.to = x.flag
		if x.path {
			var err error
			if *x.to, err = filepath.Abs(x.flag); err != nil {
				return c, fmt.Errorf("cannot name the file %s: %w", x.flag, err)
			}
		}
	}
	return c, nil
}

func (a *app) serverCheckCommand() *cobra.Command {
	var o serverOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Whether the opsi config server can be worked with, and what to do if not",
		Long: long(`
Walks the way to the opsi config server as the service does: address, files of
host key and CA, connection, certificate, login; then clock, version, modules,
rights of this client, its depot, and whether opsi's own background installation
is switched on. Last comes opsi's own agent on this machine: whether its events go
through quietsetup, where it shows windows of its own, and its opsi-script. Each line says what was found; what is not in order is followed by
what to do.

Nothing is changed at the server, and there is one attempt to log in: ten failed
ones in two minutes shut out everybody behind an address.

Exit code 0 also with warnings. JSON: server_check/v1.`, "5 the server cannot be reached or refuses the login",
			"7 address, key or CA file, or the configuration are not valid", "9 needs privileges"),
		Example: `  quietsetup server check
  quietsetup server check --url https://opsi.example.org:4447 --key-file /etc/opsi-client-agent/opsiclientd.conf \
    --ca-file /etc/opsi-client-agent/tls/opsi-ca-cert.pem`,
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.source()
			if err != nil {
				return err
			}
			now := time.Now()
			found := servercheck.Look(cmd.Context(), servercheck.Target{URL: c.Source.URL, HostID: c.Source.HostID, KeyFile: c.Source.KeyFile,
				CAFile: c.Source.CAFile, System: runtime.GOOS, Program: "quietsetup/" + a.Version, Owner: config.CheckOwner, Secret: config.CheckSecret,
				Agent: agentcheck.Machine{System: runtime.GOOS, Conf: opsiclientd.Place(runtime.GOOS, c.Source.KeyFile), Script: c.Source.OpsiScript, StateDir: a.state(), Owner: config.CheckOwner, There: isThere}})
			if cmd.Context().Err() != nil {
				return errors.New("it was interrupted")
			}
			if a.json || a.csv() {
				err = a.serverDocument(found, now)
			} else {
				a.printServer(found)
			}
			if code := serverCode(found); err == nil && code != exitOK {
				return done(code)
			}
			return err
		},
	}
	o.flags(cmd)
	return withRows(cmd, serverColumns()...)
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func serverColumns() []string { return []string{"check", "state", "code", "found", "mend"} }

// serverCode is the exit code that findings lead to.
func serverCode(found []servercheck.Finding) int {
	for _, f := range found {
		switch {
		case f.State != servercheck.Failed:
		case strings.HasSuffix(f.Code, "_hidden"):
			return exitPrivileges
		case slices.Contains([]string{servercheck.Address, servercheck.Key, servercheck.CA}, f.Check):
			return exitInvalid
		case slices.Contains([]string{servercheck.Reach, servercheck.TLS, servercheck.Login}, f.Check):
			return exitServer
		default:
			return exitFailed
		}
	}
	return exitOK
}

// serverDocument prints the findings for programs, in English.
func (a *app) serverDocument(found []servercheck.Finding, at time.Time) error {
	english, err := words.New(time.UTC, "en")
	if err != nil {
		return err
	}
	d := apitypes.ServerCheck{Schema: schemaServerCheck, At: at.UTC(), Verdict: string(servercheck.Worst(found)), Checks: []apitypes.ServerFinding{}}
	for _, f := range found {
		row := apitypes.ServerFinding{Check: f.Check, Code: f.Code, State: string(f.State), Data: serverFacts(f.Data)}
		row.Found, row.Mend = serverSentences(runtime.GOOS, english, f)
		d.Checks = append(d.Checks, row)
		switch f.Code {
		case "address_ok":
			d.Server, _ = f.Data["URL"].(string)
		case "key_ok":
			d.HostID, _ = f.Data["HostID"].(string)
		}
	}
	if a.csv() {
		t := a.table(serverColumns()...)
		for _, r := range d.Checks {
			t.row(r.Check, r.State, r.Code, r.Found, r.Mend)
		}
		t.print()
		return nil
	}
	return a.document(d)
}

var inner = regexp.MustCompile(`([a-z])([A-Z])`)

// serverFacts are those of a finding as JSON has them.
func serverFacts(facts map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range facts {
		out[strings.ToLower(inner.ReplaceAllString(k, "${1}_$2"))] = v
	}
	return out
}

func (a *app) printServer(found []servercheck.Finding) {
	var rows []looked
	for _, f := range found {
		what, mend := serverSentences(runtime.GOOS, a.words, f)
		rows = append(rows, looked{a.words.Text(groupOf("servercheck", f.Check)+"."+f.Check, nil), a.serverState(f.State), what, mend})
	}
	a.printLooked(rows)
	a.say("serverfound.verdict", i18n.Data{"Verdict": string(servercheck.Worst(found))})
}

// serverState is a state in the words that doctor has for it.
func (a *app) serverState(s servercheck.State) coloured {
	health := map[servercheck.State]string{servercheck.OK: "ok", servercheck.Skipped: "skipped", servercheck.Warning: "warn", servercheck.Failed: "fail"}
	c := a.judged("health", health[s])
	c.raw = string(s)
	if s == servercheck.Failed {
		c.colour = text.FgRed
	}
	return c
}

// serverSentences say what was found and how it is mended on a system.
func serverSentences(system string, w *words.Words, f servercheck.Finding) (found, mend string) {
	d := i18n.Data{"Windows": system == "windows"}
	for k, v := range f.Data {
		if at, ok := v.(time.Time); ok {
			v = w.Time(at)
		}
		d[k] = v
	}
	if _, agents := agentcheck.Codes()[f.Code]; agents {
		return agentSentences(w, f.Code, f.State == servercheck.Warning || f.State == servercheck.Failed, d)
	}
	found = w.Text("serverfound."+f.Code, d)
	if f.State == servercheck.Warning || f.State == servercheck.Failed {
		mend = w.Text("servermend."+f.Code, d)
	}
	return found, mend
}
