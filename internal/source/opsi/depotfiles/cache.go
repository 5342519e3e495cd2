// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// Where things lie below the cache's folder. No product's id begins with a dot.
const (
	partsFolder = ".parts"
	newFolder   = ".new"
	oldFolder   = ".old"
	recordFile  = "files.json"
	controlDir  = "OPSI"
)

// metaFile is how the depot calls the metadata file.
const metaFile = "opsi-meta-data.toml"

// What is taken without being told otherwise.
const (
	defaultBytes = 32 << 30
	stallAfter   = time.Minute
	spareBytes   = 64 << 20 // what a disk keeps beyond the product
)

// Options are what a cache works with.
type Options struct {
	// Dir is the cache's folder. It is made, private, if only it is missing.
	Dir string
	// Server tells the depot's address, as its object has it in depotWebdavUrl.
	Server func(ctx context.Context) (base string, err error)
	// HTTP is opsi.NewHTTP with the site's roots; nil = with what the system trusts.
	HTTP        *http.Client
	Credentials opsi.Credentials
	Program     string // what the depot writes in its log as User-Agent
	// Control writes the control file of a product, as OPSI/control.toml, from what
	// the server knows of it: the depot has none. nil, or a nil text = no such file.
	Control func(ctx context.Context, product string) ([]byte, error)
	// MaxBytes is how large a product may be; 0 = 32 GiB.
	MaxBytes int64
	// BytesPerSecond is how fast everything together is fetched; 0, or nil = as fast as
	// it goes. It is asked for each piece: a site may change its mind in a download.
	BytesPerSecond func() int64
	// FreeSpace asks how much may be written below a path; nil = it is not asked.
	FreeSpace func(path string) (uint64, error)
	// Warn is told what is wrong and stops nothing, one line; nil = nobody.
	Warn func(product, line string)
}

// Cache keeps files of products. It is safe for use by many; what is asked of one
// product waits for what was asked of it before.
type Cache struct {
	opt   Options
	root  *os.Root
	fetch *opsi.Downloads
	names Names
	pace  pace

	stall time.Duration // without a byte, after which a connection is given up
	pause time.Duration // before a cut download goes on
	// step is called before each change of what lies here; an error ends the work
	// as if the power had failed, with nothing tidied. Tests set it.
	step func(what string) error
	swap func(root *os.Root, a, b string) error

	mu   sync.Mutex
	busy map[string]chan struct{} // by product; holds one token while somebody works
}

// New opens the cache's folder and tidies what a crash left. It asks nobody yet.
func New(opt Options) (*Cache, error) {
	if opt.Server == nil {
		return nil, errors.New("cannot keep files of a depot: nobody tells its address")
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = defaultBytes
	}
	if opt.Warn == nil {
		opt.Warn = func(string, string) {}
	}
	fetch, err := opsi.NewDownloads(opt.HTTP, opt.Credentials, opt.Program)
	if err != nil {
		return nil, fmt.Errorf("cannot keep files of a depot: %w", err)
	}
	root, err := openFolder(opt.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot keep files of a depot: %w", err)
	}
	c := &Cache{opt: opt, root: root, fetch: fetch, names: NamesHere(), pace: pace{bytesPerSecond: opt.BytesPerSecond},
		stall: stallAfter, pause: time.Second, step: func(string) error { return nil }, swap: swap, busy: map[string]chan struct{}{}}
	if err := c.tidy(); err != nil {
		root.Close()
		return nil, fmt.Errorf("cannot tidy %s: %w", opt.Dir, err)
	}
	return c, nil
}

// Close ends the use of the cache, and the session at the depot.
func (c *Cache) Close() error { return errors.Join(c.fetch.Close(), c.root.Close()) }

// Metadata brings the control file and the metadata file of a product, no more,
// unless all of the product is here already and is what the depot has.
func (c *Cache) Metadata(ctx context.Context, product string) error {
	return c.bring(ctx, product, false)
}

// Whole brings every file of a product. When it returns nil, what is here is what
// the depot's list says, every byte of it was looked at just now, and it will be
// there after a loss of power.
func (c *Cache) Whole(ctx context.Context, product string) error { return c.bring(ctx, product, true) }

// ErrChanged: what is here is not what was put here. Whole fetches it anew.
var ErrChanged = errors.New("it was changed on this machine since it was fetched")

// ErrNotHere: not everything of the product was fetched yet.
var ErrNotHere = errors.New("the product was not fetched yet")

// Verify looks at every byte of a product that was brought by Whole, without asking
// the depot: ErrNotHere, ErrChanged or nil. So a product can be run while the
// depot is away.
func (c *Cache) Verify(ctx context.Context, product string) error {
	return c.check(ctx, product, everything)
}

// Look is Verify in short, for just before a command of the product is started: all
// of it must be there, each file with its size, and nothing else; read, every byte, are
// the files that the words of the command name, and what says what the product is.
func (c *Cache) Look(ctx context.Context, product string, command []string) error {
	named := map[string]bool{}
	for _, word := range command {
		_, value, _ := strings.Cut(word, "=") // --file=setup.msi
		for _, name := range []string{word, value} {
			name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
			if i := strings.LastIndex(name, "/"+product+"/"+metadata.ClientData+"/"); i >= 0 {
				name = name[i+len("/"+product+"/"+metadata.ClientData+"/"):]
			}
			named[strings.ToLower(path.Join(metadata.ClientData, name))] = true
		}
	}
	return c.check(ctx, product, func(name string) bool { return metadataAlone(name) || named[strings.ToLower(name)] })
}

func (c *Cache) check(ctx context.Context, product string, look func(name string) bool) error {
	if err := productid.Check(product); err != nil {
		return &Refused{Product: product, Why: err.Error(), missing: true}
	}
	release, err := c.hold(ctx, product)
	if err != nil {
		return err
	}
	defer release()
	r, err := c.readRecord(product)
	if err == nil && !r.Whole {
		err = ErrNotHere
	}
	if err == nil {
		err = c.verify(ctx, product, r, look)
	}
	if err != nil {
		return fmt.Errorf("cannot use what is here of product %s: %w", product, err)
	}
	return nil
}

// Sweep takes away what is kept of products that keep does not name. A product
// somebody works with stays. It is asked about each just before that goes, while
// nobody can begin to work with it: what was wanted meanwhile stays, too.
func (c *Cache) Sweep(keep func(product string) bool) error {
	var errs []error
	for _, folder := range []string{".", partsFolder} {
		entries, err := fs.ReadDir(c.root.FS(), folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if id := e.Name(); productid.Check(id) == nil && !keep(id) {
				errs = append(errs, c.drop(id, keep))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cannot take away products that are not wanted any more: %w", err)
	}
	return nil
}

func (c *Cache) drop(product string, keep func(product string) bool) error {
	token := c.token(product)
	select {
	case token <- struct{}{}:
		defer func() { <-token }()
	default:
		return nil // somebody works with it; it is wanted after all
	}
	if keep(product) {
		return nil
	}
	return errors.Join(c.takeAway(product), c.removeAll(filepath.Join(partsFolder, product)))
}

func (c *Cache) token(product string) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[product] == nil {
		c.busy[product] = make(chan struct{}, 1)
	}
	return c.busy[product]
}

func (c *Cache) hold(ctx context.Context, product string) (release func(), err error) {
	token := c.token(product)
	select {
	case token <- struct{}{}:
		return func() { <-token }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bring is Metadata and Whole.
func (c *Cache) bring(ctx context.Context, product string, whole bool) error {
	if err := productid.Check(product); err != nil {
		return &Refused{Product: product, Why: err.Error(), missing: true}
	}
	release, err := c.hold(ctx, product)
	if err != nil {
		return err
	}
	defer release()
	w, err := c.begin(ctx, product, whole)
	if err != nil {
		return w.failed(err)
	}
	err = w.do(ctx)
	var r *Refused
	if errors.As(err, &r) && r.changed {
		// A package that was exchanged meanwhile has another list.
		again, err2 := c.begin(ctx, product, whole)
		if err2 != nil {
			return w.failed(err2)
		}
		if again.list.Sum != w.list.Sum {
			err = again.do(ctx)
		}
	}
	return w.failed(err)
}

// work is what brings one product.
type work struct {
	c       *Cache
	product string
	whole   bool
	base    *url.URL
	list    List
	control []byte
}

// failed names the product in an error that does not yet.
func (w *work) failed(err error) error {
	if err == nil || errors.Is(err, ErrRefused) {
		return err
	}
	return fmt.Errorf("cannot fetch product %s: %w", w.product, err)
}

// begin asks the server and reads the list.
func (c *Cache) begin(ctx context.Context, product string, whole bool) (*work, error) {
	w := &work{c: c, product: product, whole: whole}
	base, err := c.opt.Server(ctx)
	if err != nil {
		return w, err
	}
	if w.base, err = opsi.DepotURL(base); err != nil {
		return w, err
	}
	text, err := w.small(ctx, product+".files", maxList)
	if err != nil {
		return w, err
	}
	if w.list, err = ParseList(product, text, c.names, c.opt.MaxBytes); err != nil {
		return w, err
	}
	if c.opt.Control != nil {
		if w.control, err = c.opt.Control(ctx, product); err != nil {
			return w, fmt.Errorf("cannot write its control file: %w", err)
		}
	}
	return w, nil
}

// do brings the files, unless they are here.
func (w *work) do(ctx context.Context) error {
	c := w.c
	here, err := c.readRecord(w.product)
	switch {
	case errors.Is(err, ErrNotHere):
	case errors.Is(err, ErrChanged):
		c.opt.Warn(w.product, "what was fetched earlier cannot be read and is fetched anew: "+err.Error())
	case err != nil:
		return err
	case here.List == w.list.Sum && here.Control == controlSum(w.control) && (here.Whole || !w.whole):
		look := everything
		if !w.whole {
			look = metadataAlone // Whole and Verify look at the rest
		}
		err = c.verify(ctx, w.product, here, look)
		if err == nil && here.Whole {
			return c.removeAll(filepath.Join(partsFolder, w.product)) // left by a crash
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrChanged) {
			return err
		}
		c.opt.Warn(w.product, "it is fetched anew: "+err.Error())
	}
	files := w.list.Files
	whole := w.whole || here.Whole && here.List == w.list.Sum
	folders := w.list.Folders
	if !whole {
		files, folders = nil, nil
		if f, ok := w.list.file(metaFile); ok {
			files = []File{f}
			if f.Size > tomlfile.MaxBytes {
				return &Refused{Product: w.product, File: metaFile, Why: fmt.Sprintf("it is larger than %d bytes", tomlfile.MaxBytes)}
			}
		}
	}
	if err := w.collect(ctx, files, here); err != nil {
		return err
	}
	r := record{V: recordVersion, Product: w.product, List: w.list.Sum, Control: controlSum(w.control), Whole: whole}
	if err := w.build(ctx, folders, files, &r); err != nil {
		return err
	}
	if err := c.exchange(w.product); err != nil || !whole {
		return err // what was fetched of the rest stays for Whole
	}
	return c.removeAll(filepath.Join(partsFolder, w.product))
}

func controlSum(text []byte) string {
	if text == nil {
		return ""
	}
	return sum(text)
}

// collect brings every file into the folder of parts.
func (w *work) collect(ctx context.Context, files []File, here record) error {
	c := w.c
	folder := filepath.Join(partsFolder, w.product)
	if err := c.makeFolders(folder); err != nil {
		return err
	}
	parts, err := c.root.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer parts.Close()
	if err := w.outdated(parts); err != nil {
		return err
	}
	w.reuse(parts, here)
	if err := w.space(parts, files); err != nil {
		return err
	}
	for _, f := range files {
		if err := w.part(ctx, parts, f); err != nil {
			return err
		}
	}
	return nil
}

// outdated takes away parts that are no file's of the list any more.
func (w *work) outdated(parts *os.Root) error {
	wanted := map[string]bool{}
	for _, f := range w.list.Files {
		wanted[partName(f)] = true
	}
	entries, err := fs.ReadDir(parts.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), tagSuffix); !wanted[name] {
			if err := w.forget(parts, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// reuse takes over what is here from the tree before. It is looked at like what
// was fetched; where it does not work, the file is fetched. All of the list is
// looked for, also where the metadata alone is wanted now: the tree before goes.
func (w *work) reuse(parts *os.Root, here record) {
	byPart := map[string]string{}
	for _, f := range here.Files {
		if f.MD5 != "" {
			byPart[partName(File{Size: f.Size, MD5: f.MD5})] = f.Name
		}
	}
	for _, f := range w.list.Files {
		name := partName(f)
		old, ok := byPart[name]
		if info, err := parts.Lstat(name); !ok || err == nil && info.Size() == f.Size {
			continue
		}
		from := filepath.Join(w.product, filepath.FromSlash(old))
		if info, err := w.c.root.Lstat(from); err != nil || !info.Mode().IsRegular() || info.Size() != f.Size {
			continue
		}
		_ = parts.Remove(name) // less than the whole, if anything
		_ = w.c.root.Link(from, filepath.Join(partsFolder, w.product, name))
	}
}

// space asks the disk for what is not here yet.
func (w *work) space(parts *os.Root, files []File) error {
	if w.c.opt.FreeSpace == nil {
		return nil
	}
	var need int64 = spareBytes
	seen := map[string]bool{}
	for _, f := range files {
		need += f.Size // the list's sum is limited, so this is, too
		if name := partName(f); !seen[name] {
			seen[name] = true
			if info, err := parts.Lstat(name); err == nil && info.Mode().IsRegular() {
				need -= min(info.Size(), f.Size)
			}
		}
	}
	free, err := w.c.opt.FreeSpace(w.c.opt.Dir)
	if err != nil {
		return err
	}
	if uint64(need) > free {
		return fmt.Errorf("%w: %d MB are needed below %s and %d MB are free", ErrNoSpace, need>>20, w.c.opt.Dir, free>>20)
	}
	return nil
}

// small reads a small file of the depot's folder of the product.
func (w *work) small(ctx context.Context, name string, most int64) ([]byte, error) {
	var out bytes.Buffer
	err := w.read(ctx, name, nil, func(resp *http.Response, body io.Reader) error {
		switch resp.StatusCode {
		case http.StatusOK:
		case http.StatusNotFound:
			return &Refused{Product: w.product, File: name, Why: "the depot has no such file, so it has no such product", missing: true}
		default:
			return fmt.Errorf("%w: status %d", opsi.ErrAnswer, resp.StatusCode)
		}
		n, err := out.ReadFrom(io.LimitReader(body, most+1))
		if n > most {
			return &Refused{Product: w.product, File: name, Why: fmt.Sprintf("it is larger than %d bytes", most)}
		}
		return err
	})
	return out.Bytes(), err
}

// controlName is the control file's in a product's tree.
const controlName = metadata.ControlFile
