// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/opsidialog"
	"github.com/quietsetup/quietsetup/internal/prompts"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// standIn asks where a session has no agent: on a machine of an opsi site by a dialog
// of opsiclientd, if it has one; elsewhere nobody does.
func (o Options) standIn(people func(context.Context) events.Observation) prompts.StandIn {
	c := o.Config.Source
	if c.Kind != config.Opsi {
		return nil
	}
	return logged{o.Log, opsidialog.New(opsidialog.Options{
		Conf:        opsiclientd.Place(runtime.GOOS, c.KeyFile),
		Credentials: func() (opsi.Credentials, error) { return opsi.ReadCredentials(c.KeyFile, c.HostID, config.CheckSecret) },
		Unchanged:   config.CheckOwner,
		Secret:      config.CheckSecret,
		Words: func(ctx context.Context, p apitypes.Prompt) (apitypes.Words, error) {
			program, err := agentBeside()
			if err != nil {
				return apitypes.Words{}, err
			}
			return wordsBy(ctx, program, p)
		},
		People:  people,
		Remote:  runtime.GOOS == "windows",
		Program: "quietsetup/" + o.Version,
	})}
}

// logged is a stand-in of which the log tells.
type logged struct {
	log zerolog.Logger
	prompts.StandIn
}

// Show shows a prompt. That there is no opsiclientd, or none with dialogs, is no news.
func (l logged) Show(ctx context.Context, session, owner string, p apitypes.Prompt) (string, error) {
	choice, err := l.StandIn.Show(ctx, session, owner, p)
	switch {
	case err == nil:
		l.log.Info().Str("session", session).Str("prompt", p.ID).Str("choice", choice).Msg("answered by opsiclientd's dialog")
	case ctx.Err() != nil, errors.Is(err, prompts.ErrPassed):
	case errors.Is(err, opsidialog.ErrAbsent):
		l.log.Debug().Err(err).Msg("nobody is asked by opsiclientd")
	default:
		l.log.Info().Err(err).Str("session", session).Msg("nobody was asked by opsiclientd")
	}
	return choice, err
}

// wordsWithin is how long a prompt may take to be put into words.
const wordsWithin = 10 * time.Second

// wordsBy has a prompt put into words by the agent's program: the service has none. The
// language is the one that this service was started in.
func wordsBy(ctx context.Context, program string, p apitypes.Prompt) (w apitypes.Words, err error) {
	failed := func(err error) (apitypes.Words, error) {
		return apitypes.Words{}, fmt.Errorf("cannot put %s into words: %w", p.ID, err)
	}
	in, err := json.Marshal(p)
	if err != nil {
		return failed(err)
	}
	ctx, cancel := context.WithTimeout(ctx, wordsWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "words")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	var ended *exec.ExitError
	switch {
	case err == nil:
		err = json.Unmarshal(out, &w)
	case errors.As(err, &ended) && len(ended.Stderr) > 0:
		err = fmt.Errorf("%w: %.300q", err, ended.Stderr)
	}
	if err != nil {
		return failed(fmt.Errorf("%s: %w", program, err))
	}
	return w, nil
}

// agentBeside is the agent's program that was installed beside this one. What others
// could change is not run.
func agentBeside() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find the running program: %w", err)
	}
	name := "quietsetup-prompt"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(filepath.Dir(exe), name)
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("cannot find the agent: %w", err)
	}
	return path, config.CheckOwner(path, info)
}
