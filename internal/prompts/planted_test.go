// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// answers is the part of a desk that records answers.
type answers interface {
	Answer(ctx context.Context, peer localsock.Peer, id string, a apitypes.Answer) (apitypes.AnswerResult, error)
}

// trustsNames is a desk that takes an agent's name for the agent, whoever calls.
type trustsNames struct{ *Broker }

func (d trustsNames) Answer(ctx context.Context, peer localsock.Peer, id string, a apitypes.Answer) (apitypes.AnswerResult, error) {
	d.mu.Lock()
	if agent := d.byID[a.Agent]; agent != nil {
		peer = localsock.Peer{Owner: agent.Owner, PID: agent.PID}
	}
	d.mu.Unlock()
	return d.Broker.Answer(ctx, peer, id, a)
}

// asksNoNonce is a desk that puts in the right nonce itself.
type asksNoNonce struct{ *Broker }

func (d asksNoNonce) Answer(ctx context.Context, peer localsock.Peer, id string, a apitypes.Answer) (apitypes.AnswerResult, error) {
	a.Nonce = d.nonce(id, peer.Owner)
	return d.Broker.Answer(ctx, peer, id, a)
}

// forged tries to answer bert's window and anna's other one in every way a local
// user can, and counts what the core believed.
func forged(t *testing.T, desk func(*Broker) answers) (believed int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c, same, other := r.hello(anna), r.hello(anna2), r.hello(bert)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		p := c.want(apitypes.EventAsk).Prompt
		d := desk(r.Broker)
		for _, peer := range []localsock.Peer{anna2, bert, lost, {}} {
			for _, agent := range []string{c.name, same.name, other.name, ""} {
				for _, nonce := range []string{p.Nonce, "", p.Nonce[:63]} {
					_, _ = d.Answer(t.Context(), peer, p.ID, apitypes.Answer{Agent: agent, Nonce: nonce, Choice: "kill"})
				}
			}
		}
		// The right agent in the right session, without having been shown the window.
		for _, nonce := range []string{"", p.Nonce[:63], p.Nonce + "0"} {
			_, _ = d.Answer(t.Context(), anna, p.ID, apitypes.Answer{Agent: c.name, Nonce: nonce, Choice: "kill"})
		}
		believed = len(r.core.got)
	})
	return believed
}

func TestForgedAnswers(t *testing.T) {
	if n := forged(t, func(b *Broker) answers { return b }); n != 0 {
		t.Errorf("%d forged answers were believed", n)
	}
}

// TestPlantedPeerIgnored: who calls is not compared with whose agent it is.
func TestPlantedPeerIgnored(t *testing.T) {
	n := forged(t, func(b *Broker) answers { return trustsNames{b} })
	if n == 0 {
		t.Error("no forged answer sees it")
	}
	t.Logf("found by %d forged answers that are believed", n)
}

// TestPlantedNonceNotChecked: the nonce is not compared.
func TestPlantedNonceNotChecked(t *testing.T) {
	n := forged(t, func(b *Broker) answers { return asksNoNonce{b} })
	if n == 0 {
		t.Error("no forged answer sees it")
	}
	t.Logf("found by %d forged answers that are believed", n)
}
