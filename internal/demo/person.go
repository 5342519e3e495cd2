// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui"
)

// person plays the user in front of the machine: a front of the prompt agent
// that shows each question in the story and answers by script.
type person struct {
	tell  func(key string, d i18n.Data)
	texts *i18n.Localizer
	real  promptui.Front // who answers for AnswerAsk
	// turns hands out one answer for each question, when the story has come so far.
	turns chan string
}

func (p *person) Kind() string { return apitypes.AgentTerminal }

// Show shows a question, waits for the story and answers.
func (p *person) Show(ctx context.Context, w *promptui.Window) (string, error) {
	prompt, _ := w.Prompt()
	w.Shown(prompt)
	var answer string
	for answer == "" {
		select {
		case <-w.Changed():
			prompt, _ = w.Prompt()
			w.Shown(prompt)
		case answer = <-p.turns:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	if answer == AnswerAsk {
		p.tell("demo.your_turn", nil)
		return p.real.Show(ctx, w)
	}
	choice := map[string]string{AnswerDefer: apitypes.ChoiceDefer, AnswerRecheck: apitypes.ChoiceRecheck, AnswerClose: apitypes.ChoiceKill}[answer]
	shown := p.texts.Window(prompt, time.Now())
	p.tell("demo.question", i18n.Data{"Title": shown.Title, "Text": shown.Intro, "Programs": programs(prompt)})
	for _, c := range shown.Choices {
		if c.Choice == choice {
			p.tell("demo.answer", i18n.Data{"Choice": c.Label})
		}
	}
	return choice, nil
}

// doorway is the way to the daemon that shows when the agent has come in. Until
// then the daemon takes it that nobody is there, and would ask nobody.
type doorway struct {
	promptui.Daemon
	once sync.Once
	in   chan struct{} // closed once the daemon knows the agent
}

func newDoorway(d promptui.Daemon) *doorway { return &doorway{Daemon: d, in: make(chan struct{})} }

func (d *doorway) Hello(ctx context.Context, h apitypes.Hello) (apitypes.Welcome, error) {
	w, err := d.Daemon.Hello(ctx, h)
	if err == nil {
		d.once.Do(func() { close(d.in) })
	}
	return w, err
}

// Say tells what is no question; the story has its own words.
func (p *person) Say(string) {}

// Report tells how the agent fares; likewise.
func (p *person) Report(string) {}

func programs(p apitypes.Prompt) string {
	var out []string
	for _, x := range p.Programs {
		out = append(out, x.Name)
	}
	return strings.Join(out, ", ")
}
