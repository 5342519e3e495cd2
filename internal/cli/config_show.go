// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/meant"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

func (a *app) configShowCommand() *cobra.Command {
	var file string
	var origin bool
	cmd := &cobra.Command{
		Use:   "show [PRODUCT]",
		Short: "The policy that counts, and who said so",
		Long: long(`
Shows what the config file says: the site's policy and the other settings, each
with the place where it stands. With a product it is the policy that counts for
it, put together from the package, the site's overlay and the config file.

With --origin each key is shown with everything that was said about it, strongest
first: by whom, where, and why the stronger ones do not count.

Of an opsi server it is what the service heard when it last asked.

It reads the files as they are now. Where the daemon is at work on the product
under an older policy, that is said.

JSON: config/v1.`, "4 no such product", "7 the config file is not valid", "9 needs privileges"),
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if origin && a.csv() {
				return usage(errors.New("what was said about a key is not one row: --origin is for people, --output-format json for programs"))
			}
			c, err := a.loadConfig(file)
			if err != nil {
				return err
			}
			if c.Source.Kind == config.Opsi && c.Source.Depot == "" {
				c.Source.Depot = filepath.Join(a.state(), "depot") // where the service keeps what it fetched
			}
			s := shown{config: c, file: cmp.Or(file, config.DefaultPath())}
			if c.Source.Kind == config.Opsi {
				s.ofServer(filepath.Join(a.state(), "opsi"))
			}
			s.layers = append([]policy.Layer{c.Site()}, s.server.For("")...)
			if len(args) > 0 {
				if err := s.forProduct(args[0]); err != nil {
					return err
				}
				if file == "" || a.socket != "" || a.stateDir != "" {
					s.frozen = a.frozen(cmd.Context(), s)
				}
			}
			if a.json {
				return a.document(s.document())
			}
			a.printConfig(s, origin)
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "another config file than "+config.DefaultPath())
	cmd.Flags().BoolVar(&origin, "origin", false, "show everything that was said about each key, and where")
	return withRows(cmd, "key", "value", "place", "origin")
}

// shown is what config show tells.
type shown struct {
	config  config.Config
	file    string // as messages name it
	product string // "" = the site
	layers  []policy.Layer
	server  opsi.Settings // what the opsi server said when it was last asked
	unasked string        // why that is not known; "" = it is, or there is no server
	missing string        // why the package's own word is not among them; "" = it is
	frozen  *frozenDoc    // the daemon goes by another policy; nil = not known of
}

// ofServer adds what the service keeps of its server's settings.
func (s *shown) ofServer(folder string) {
	set, err := opsi.Remembered(folder)
	if err != nil {
		s.unasked = err.Error()
	}
	s.server = set
}

// decisions are what counts for the product, or for the site; of the machine as a
// whole the site alone has a say.
func (s shown) decisions() []policy.Decision {
	out := policy.Explain(s.layers...)
	if s.product == "" {
		out = append(out, policy.ExplainMachine(s.layers...)...)
	}
	return out
}

// forProduct adds what a package says.
func (s *shown) forProduct(wanted string) error {
	id, err := productIn(s.config, wanted)
	if err != nil {
		return err
	}
	s.product = id
	pkg, problem, err := packages(s.config).Load(id)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return err
	case err != nil:
		s.missing = err.Error()
	case problem != nil && problem.Code == metadata.CodeMissing, problem != nil && pkg.Policy.Empty():
		s.missing = problem.Message
	}
	s.layers = s.config.Layers(id, pkg.Policy, s.server.For(id)...)
	return nil
}

// productIn finds the product that an id or the unique beginning of one means,
// among the depot's packages and the config's tables. Without a depot nobody can
// say that there is no such product.
func productIn(c config.Config, wanted string) (string, error) {
	ids, err := configcheck.Packages(c.Source.Depot)
	if errors.Is(err, fs.ErrPermission) {
		return "", err
	}
	known := err == nil
	ids = append(ids, c.Products()...)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var fits []string
	for _, id := range ids {
		if id == wanted {
			return id, nil
		}
		if wanted != "" && strings.HasPrefix(id, wanted) {
			fits = append(fits, id)
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return "", usage(fmt.Errorf("%q is not unique: %s", wanted, strings.Join(fits, ", ")))
	case !known && productid.Check(wanted) == nil:
		return wanted, nil
	}
	hint := ""
	if near := meant.Word(wanted, ids...); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return "", notFound(fmt.Errorf("no product %q in the depot %s or in %s%s", wanted, c.Source.Depot, cmp.Or(c.Path, "the config file"), hint))
}

// frozen asks the daemon, if there is one, under which policy an open round of the
// product goes on; nil if it is the one that counts now, or nobody knows.
func (a *app) frozen(ctx context.Context, s shown) *frozenDoc {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // an extra; nobody waits for it
	defer cancel()
	d, err := a.daemon()
	if err != nil {
		return nil
	}
	p, err := d.Product(ctx, s.product)
	if err != nil || !slices.Contains([]string{"checking", "prompting", "killing", "installing"}, p.Phase) || p.Outcome != nil {
		return nil
	}
	f := &frozenDoc{Round: p.Round, Phase: p.Phase}
	now, _ := policy.Resolve(s.layers...)
	for _, v := range p.Policy {
		k, ok := policy.Lookup(v.Key)
		if ok && a.value(v) != policy.Write(k.Of(now)) {
			f.Policy = append(f.Policy, frozenValue{v.Key, v.Value, v.Origin})
		}
	}
	if len(f.Policy) == 0 {
		return nil
	}
	return f
}

// value is a policy's value for JSON: a span in seconds.
func value(v any) any {
	switch v := v.(type) {
	case events.Span:
		return apitypes.SecondsOf(v.Duration())
	case time.Duration:
		return apitypes.SecondsOf(v)
	}
	return v
}
