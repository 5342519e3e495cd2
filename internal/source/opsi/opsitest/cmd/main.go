// SPDX-License-Identifier: Apache-2.0

// Command cmd runs the protocol double with a small site, for trials by hand.
//
//	go run ./internal/source/opsi/opsitest/cmd -dir /tmp/site
//
// It writes the CA's certificate and the client's key into the folder and says
// how to reach it. It ends with Ctrl-C.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// clientID is the client of the small site.
const clientID = "pc1.site.test"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("cmd", flag.ContinueOnError)
	flags.SetOutput(out)
	listen := flags.String("listen", "127.0.0.1:4447", "address to listen on")
	dir := flags.String("dir", ".", "folder for ca.pem and host.key")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := opsitest.New(opsitest.Options{Listen: *listen})
	if err != nil {
		return err
	}
	defer s.Close()
	key := furnish(s)
	ca, keyFile := filepath.Join(*dir, "ca.pem"), filepath.Join(*dir, "host.key")
	if err := os.WriteFile(ca, s.CA(), 0o644); err != nil {
		return fmt.Errorf("cannot write the CA: %w", err)
	}
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		return fmt.Errorf("cannot write the key: %w", err)
	}
	fmt.Fprintf(out, `[source]
kind     = "opsi"
url      = "%s/rpc"
host_id  = "%s"
key_file = "%s"
ca_file  = "%s"

curl --cacert %s -u %s:$(cat %s) %s/rpc -d '{"method":"productOnClient_getObjectsWithSequence","params":[[],{"clientId":"%s"}],"id":1}'
An admin is %s with the password %s.
`, s.URL(), clientID, keyFile, ca, ca, clientID, keyFile, s.URL(), clientID, opsitest.AdminName, opsitest.AdminPassword)
	<-ctx.Done()
	return nil
}

// furnish makes the small site and gives the client's key.
func furnish(s *opsitest.Server) string {
	key := s.AddClient(clientID)
	s.AddProduct(opsitest.Product{ID: "java", Priority: -20, Version: "21.0.5"})
	s.AddProduct(opsitest.Product{ID: "accounting", Priority: 90, Requires: []opsitest.Dependency{{Product: "java", Side: "before"}}})
	s.AddProduct(opsitest.Product{ID: "firefox", Version: "133.0", Properties: map[string]string{"language": "auto"}, Files: map[string]string{
		"opsi-meta-data.toml": "[[installers]]\nprocesses = [\"firefox\"]\n",
	}})
	s.AddProduct(opsitest.Product{ID: "inventory", Priority: -90, Scripts: map[string]string{"always": "inventory.opsiscript"}})
	s.AddProduct(opsitest.Product{ID: "debian12", Netboot: true})
	for product, action := range map[string]string{"accounting": "setup", "java": "setup", "firefox": "setup", "inventory": "always", "debian12": "none"} {
		s.Request(clientID, product, action)
	}
	return key
}
