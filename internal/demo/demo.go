// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui"
)

// Schema names the JSON of a Result.
const Schema = "demo/v1"

// Product is the demo's product.
const Product = "notes"

// Answers that can be set for the last round.
const (
	AnswerAsk     = "ask" // a person answers, in this terminal
	AnswerDefer   = "defer"
	AnswerRecheck = "recheck"
	AnswerClose   = "close"
)

// Answers lists them all.
func Answers() []string { return []string{AnswerAsk, AnswerDefer, AnswerRecheck, AnswerClose} }

// patience is how long any one step of the story may take. It is generous: a
// busy machine is no reason to fail.
const patience = time.Minute

// Options say how the demo is run.
type Options struct {
	Exe    string // this program; it asks Hidden first
	Answer string // for the last round
	Keep   bool   // leave the folder behind
	// Tell tells the story as it happens: a key of the texts and its values.
	Tell func(key string, d i18n.Data)
	// Table shows the products at the end.
	Table func(apitypes.Products)
	// Verify replays the log in a state folder and returns the verdict.
	Verify func(stateDir string) (string, error)
	// Front asks the person for AnswerAsk.
	Front promptui.Front
	Texts *i18n.Localizer
}

// Result is what became of the demo.
type Result struct {
	Schema             string `json:"schema"` // demo/v1
	Product            string `json:"product"`
	StateDir           string `json:"state_dir"` // gone unless it was kept
	Journal            string `json:"journal"`
	DefersAfterRestart int    `json:"defers_after_restart"`
	Final              Final  `json:"final"`
	Verdict            string `json:"verdict"` // ok, diverged
}

// Final is what the source shows at the end.
type Final struct {
	Status  string `json:"status"`  // installed
	Version string `json:"version"` // "2.0-1"
	Result  string `json:"result"`  // successful, none (put off), failed
}

// Run tells the whole story. It returns when everything it started has ended.
func Run(ctx context.Context, o Options) (res Result, err error) {
	if runtime.GOOS != "linux" {
		return res, fmt.Errorf("the demo runs on Linux so far: %w", errors.ErrUnsupported)
	}
	if !slices.Contains(Answers(), o.Answer) {
		return res, fmt.Errorf("no answer %q", o.Answer)
	}
	w, err := unpack(o.Exe)
	if err != nil {
		return res, err
	}
	s := &story{Options: o, world: w}
	defer func() {
		s.end()
		if !o.Keep {
			if rerr := os.RemoveAll(w.dir); err == nil && rerr != nil {
				err = fmt.Errorf("cannot remove the demo's folder: %w", rerr)
			}
		}
	}()
	res = Result{Schema: Schema, Product: Product, StateDir: w.state(), Journal: w.journal()}
	for _, chapter := range []func(context.Context, *Result) error{s.versionOne, s.later, s.killed, s.lastRound, s.report} {
		if err := chapter(ctx, &res); err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return res, fmt.Errorf("the demo was interrupted: %w", cause)
			}
			return res, s.explain(err)
		}
	}
	return res, nil
}
