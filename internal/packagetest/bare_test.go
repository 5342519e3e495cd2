// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"bytes"
	"testing"
)

const wanted = "/etc/systemd/system/multi-user.target.wants/quietsetupd.service"

// byHand is a machine on which systemd does not run: an image that is being built,
// or a container. The package is installed all the same, the service is enabled
// for the first boot, and works when it is started by hand.
func byHand(t *testing.T, p manager, first, second string) {
	m := p.boot(t, withoutSystemd)
	before := m.files()

	m.step(t, "installation", func(t *testing.T) {
		m.works(p.put(m, first))
		if !m.there(wanted) {
			t.Error("the service is not enabled for the first boot")
		}
		if m.there("/run/quietsetup") {
			t.Error("something was started")
		}
	})
	m.step(t, "programs", func(t *testing.T) { programs(t, m) })
	m.step(t, "a service by hand, and an upgrade below it", func(t *testing.T) {
		m.offer("hello", "")
		m.offer("other", "")
		stop := m.serve()
		m.must("quietsetup", "request", "hello", "setup", "--wait", "--timeout", "1m")
		m.works(p.put(m, second))
		m.must("quietsetup", "request", "other", "setup", "--wait", "--timeout", "1m")
		stop()
		stop = m.serve()
		m.must("quietsetup", "show", "hello")
		stop()
		m.verifies("hello", "other")
	})
	m.step(t, "removal and purge", func(t *testing.T) {
		m.works(p.remove(m, ""))
		if m.there(wanted) {
			t.Error("the service is still enabled")
		}
		m.verifies("hello", "other")
		if p.purge != nil {
			m.works(p.purge(m, ""))
		}
		m.left(before)
		if m.there(state) != (p.purge == nil) {
			t.Error("a purge takes the state, and nothing else does")
		}
	})
}

// noSystemctl is a machine without any systemd: the scripts have nothing to do
// there, and say nothing.
func noSystemctl(t *testing.T, p manager, first, second string) {
	m := p.boot(t, withoutSystemd)
	m.must("rm", "/usr/bin/systemctl")
	m.works(p.put(m, first))
	m.works(p.put(m, second))
	m.must("quietsetup", "version")
	m.works(p.remove(m, ""))
	if p.purge != nil {
		m.works(p.purge(m, ""))
	}
}

// serve runs the installed service with the shipped configuration, and returns
// what ends it in order.
func (m *machine) serve() (stop func()) {
	m.t.Helper()
	m.must("mkdir", "-p", "/run/quietsetup")
	cmd := m.command("/", "sh", "-c", "echo $$ >/run/by-hand; exec quietsetupd run --config "+configFile)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	m.until("the service answers", func() bool {
		select {
		case err := <-ended:
			m.t.Fatalf("the service ended: %v\n%s", err, said.String())
		default:
		}
		return m.run("quietsetup", "status").code == 0
	})
	return func() {
		m.must("sh", "-c", "kill $(cat /run/by-hand)")
		if err := <-ended; err != nil {
			m.t.Errorf("the service ended with %v\n%s", err, said.String())
		}
		m.must("rm", "-r", "/run/quietsetup", "/run/by-hand")
	}
}
