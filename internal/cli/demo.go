// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/demo"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui"
	"github.com/quietsetup/quietsetup/internal/replay"
)

func (a *app) demoCommand() *cobra.Command {
	var answer string
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch the main job once, without root, server or network",
		Long: long(`
Installs a product while its program is in use: unpacks a depot into a temporary
folder, starts the real daemon, puts the installation off, kills the daemon and
starts it again, and then closes the program and installs. At the end every
decision is made again from the log.

The last question is answered by --answer; in a terminal you are asked
yourself. With another answer than close the product stays put off, and the demo
is done all the same.

JSON: demo/v1.`, "8 the replay diverged"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if answer == "" {
				answer = demo.AnswerClose
				if a.Terminal && !a.json && isTerminal(os.Stdin) {
					answer = demo.AnswerAsk
				}
			}
			if !slices.Contains(demo.Answers(), answer) {
				return usage(fmt.Errorf("no answer %q: --answer is %s", answer, strings.Join(demo.Answers(), ", ")))
			}
			if answer == demo.AnswerAsk && !isTerminal(os.Stdin) {
				return usage(errors.New("--answer ask needs a terminal: nobody is there who could answer"))
			}
			return a.demo(cmd, answer, keep)
		},
	}
	cmd.Flags().StringVar(&answer, "answer", "", "answer to the last question: "+strings.Join(demo.Answers(), ", "))
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the folder with the log behind")
	return cmd
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func (a *app) demo(cmd *cobra.Command, answer string, keep bool) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find this program: %w", err)
	}
	texts, err := i18n.New(a.words.Language())
	if err != nil {
		return err
	}
	story := a.Out
	if a.json {
		story = a.Err // data alone goes to standard output
	}
	o := demo.Options{Exe: exe, Answer: answer, Keep: keep, Texts: texts,
		Tell: func(key string, d i18n.Data) { fmt.Fprintln(story, a.words.Text(key, d)) },
		Table: func(ps apitypes.Products) {
			if !a.json {
				fmt.Fprintln(a.Out)
				a.printProducts(ps)
				fmt.Fprintln(a.Out)
			}
		},
		Verify: func(dir string) (string, error) {
			res, err := replay.Verify(logLines(cmd.Context(), dir))
			if err == nil && !a.json {
				a.printVerdict(res)
			}
			return res.Verdict, err
		},
	}
	if answer == demo.AnswerAsk {
		screen := os.Stdout
		if a.json {
			screen = os.Stderr
		}
		o.Front = promptui.NewLine(os.Stdin, screen, texts)
		if isTerminal(screen) && a.Getenv("TERM") != "dumb" {
			o.Front = promptui.NewTerminal(os.Stdin, screen, texts, !a.noColor)
		}
	}
	res, err := demo.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	if a.json {
		if err := a.document(res); err != nil {
			return err
		}
	}
	if res.Verdict != replay.VerdictOK {
		return done(exitDiverged)
	}
	return nil
}
