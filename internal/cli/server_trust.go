// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

const schemaServerTrust = "server_trust/v1"

func (a *app) serverTrustCommand() *cobra.Command {
	var url, pin, sum string
	var first bool
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Ask a server for its CA, and with --pin make its file",
		Long: long(`
An opsi site signs its servers with a CA of its own. This asks a server for its
CA and prints the certificates with their SHA-256. Nobody vouches for the answer: hold it
against what the server's administrator says (at the server: openssl x509 -noout
-fingerprint -sha256 -in /etc/opsi/ssl/opsi-ca-cert.pem). It is taken only if that
CA signs the certificate that the server shows. No secret is sent.

With --sha256 only the certificate that has this sum is taken, and it alone must
vouch for the server.

With --pin the file for source.ca_file is written; then the sum must be given, or
--first-contact says that whoever answers now is believed. A file that is there
already is never replaced.

JSON: server_trust/v1.`, "5 the server cannot be reached, offers no CA or has another sum", "7 the address cannot be used or the file cannot be written"),
		Example: `  quietsetup server trust --url https://opsi.example.org:4447
  quietsetup server trust --url https://opsi.example.org:4447 --sha256 SUM --pin /etc/quietsetup/opsi-ca.pem`,
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case url == "":
				return usage(errors.New("name the server with --url"))
			case first && sum != "":
				return usage(errors.New("--first-contact believes whoever answers, --sha256 does not: give one of them"))
			case pin != "" && !first && sum == "":
				return usage(errors.New("--pin needs --sha256 SUM, or --first-contact to believe whoever answers now"))
			case pin == "" && first:
				return usage(errors.New("--first-contact is for --pin FILE"))
			}
			if cmd.Flags().Changed("sha256") {
				var err error
				if sum, err = opsi.ParseSum(sum); err != nil {
					return usage(err)
				}
			}
			if _, err := opsi.Address(url); err != nil {
				return &coded{code: exitInvalid, err: err}
			}
			bundle, err := opsi.FirstContact(cmd.Context(), url, sum)
			if err != nil {
				return err
			}
			d := apitypes.ServerTrust{Schema: schemaServerTrust, Server: url, CAs: []apitypes.CA{}}
			for _, c := range bundle.CAs() {
				d.CAs = append(d.CAs, apitypes.CA(c))
			}
			if pin != "" {
				if d.Pinned, err = filepath.Abs(pin); err != nil {
					return fmt.Errorf("cannot name the file %s: %w", pin, err)
				}
				if err := bundle.Pin(d.Pinned); err != nil {
					return &coded{code: exitInvalid, err: err}
				}
			}
			if a.json {
				return a.document(d)
			}
			t := a.table(trustColumns()...)
			for _, c := range d.CAs {
				t.row(c.SHA256, a.words.Time(c.Until), c.Subject)
			}
			t.print()
			if d.Pinned != "" && !a.csv() {
				a.say("servertrust.pinned", i18n.Data{"File": d.Pinned})
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&url, "url", "", "address of the server")
	f.StringVar(&pin, "pin", "", "write the CA to this new file")
	f.StringVar(&sum, "sha256", "", "SHA-256 of the one certificate to take, as the server's administrator says it")
	f.BoolVar(&first, "first-contact", false, "with --pin: believe whoever answers now")
	return withRows(cmd, trustColumns()...)
}

func trustColumns() []string { return []string{"sha256", "until", "subject"} }
