// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// Errors of a package that no draft can be made for.
var (
	ErrNoPackage = errors.New("is not a package: there is no OPSI/control.toml and no OPSI/control")
	ErrBroken    = errors.New("the package cannot be read")
	ErrNetboot   = errors.New("is a netboot product, which is never installed on a running machine")
)

// control is what a draft needs of the control file. It is read tolerantly:
// whether the package can be installed is for others to say.
type control struct {
	file    string // which one was read
	id      string
	netboot bool
	scripts []named // in the order of opsi's documentation
}

// named is a script of the control file.
type named struct{ key, file string }

// scriptKeys are the scripts a product may have. All but the netboot ones run
// on the client.
func scriptKeys() []string {
	return []string{"setupScript", "updateScript", "alwaysScript", "onceScript", "customScript", "userLoginScript", "uninstallScript"}
}

func (c control) script(key string) string {
	for _, s := range c.scripts {
		if s.key == key {
			return s.file
		}
	}
	return ""
}

// readControl reads control.toml, else the old control.
func readControl(root *os.Root, id string) (control, error) {
	c := control{file: "OPSI/control.toml"}
	parse := tomlfile.Parse
	text, err := metadata.ReadPlain(root, c.file)
	if errors.Is(err, fs.ErrNotExist) {
		c.file, parse = "OPSI/control", metadata.ParseOldControl
		text, err = metadata.ReadPlain(root, c.file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return c, ErrNoPackage
	}
	if err != nil {
		return c, fmt.Errorf("%w: %s: %w", ErrBroken, c.file, err)
	}
	doc, err := parse(c.file, text)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	c.read(doc)
	if all := doc.Mistakes(); len(all) > 0 {
		return c, fmt.Errorf("%w: %w", ErrBroken, all[0])
	}
	switch {
	case c.id == "":
		return c, fmt.Errorf("%w: %s: names no product id", ErrBroken, c.file)
	case productid.Check(c.id) != nil:
		return c, fmt.Errorf("%w: %s: %w", ErrBroken, c.file, productid.Check(c.id))
	case c.id != id:
		return c, fmt.Errorf("%w: %s: the id is %q, but the folder is called %q", ErrBroken, c.file, c.id, id)
	case c.netboot:
		return c, ErrNetboot
	}
	return c, nil
}

func (c *control) read(doc *tomlfile.Document) {
	product := doc.Root().Table("Product")
	c.id = product.Text("id", "")
	c.netboot = strings.Contains(strings.ToLower(product.Text("type", "")), "netboot")
	for _, k := range scriptKeys() {
		if file := strings.TrimSpace(product.Text(k, "")); file != "" && !strings.EqualFold(file, "none") {
			c.scripts = append(c.scripts, named{k, file})
		}
	}
}
