// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/promptui/appwindows"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// hands are the agent's in its session.
type hands struct {
	windows *appwindows.Windows
	person  *desktop.Person
}

// inSession is what an agent with windows does and sees in its session. The
// windows of other programs are shown to the person with the question.
func inSession(f *Desktop) Session {
	h := hands{appwindows.New(), desktop.NewPerson()}
	f.titles = func(p apitypes.Program) []string { return h.windows.Titles(p.Name, p.Path) }
	return h
}

// Close asks the windows of a program to close.
func (h hands) Close(p apitypes.Running) string {
	switch h.windows.Close(p.PID, p.Start) {
	case appwindows.Asked:
		return apitypes.CloseAsked
	case appwindows.Windowless:
		return apitypes.CloseWindowless
	case appwindows.Gone:
		return apitypes.CloseGone
	}
	return apitypes.CloseRefused
}

// Presence is what is seen of the person.
func (h hands) Presence() apitypes.Presence {
	p := apitypes.Presence{IdleMS: -1, Locked: h.person.Locked()}
	if idle := h.person.Idle(); idle >= 0 {
		p.IdleMS = idle.Milliseconds()
	}
	switch h.person.Busy() {
	case desktop.Presenting:
		p.Busy = apitypes.BusyPresentation
	case desktop.FullScreen:
		p.Busy = apitypes.BusyFullScreen
	case desktop.WantsSilence:
		p.Busy = apitypes.BusyQuiet
	}
	return p
}
