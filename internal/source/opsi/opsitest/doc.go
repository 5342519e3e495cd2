// SPDX-License-Identifier: Apache-2.0

// Package opsitest is an opsi config server with a depot, in memory, for tests
// only.
//
// It speaks the JSON-RPC of an opsiconfd 4.3 over HTTPS, stores objects with the
// same update rules and serves a depot by WebDAV. It is as strict and as odd as
// the real one: a client that works here for the wrong reason would fail at a
// site. So each oddity stands in the code with a comment that begins "Quirk:",
// and has a test.
//
//	s := opsitest.Start(t, opsitest.Options{})
//	key := s.AddClient("pc1.site.test")
//	s.AddProduct(opsitest.Product{ID: "firefox", Scripts: map[string]string{"setup": "setup.opsiscript"}})
//	s.Request("pc1.site.test", "firefox", "setup")
//	// a client talks to s.URL() and trusts s.CA()
//	s.Row("pc1.site.test", "firefox").Text("actionProgress")
//
// # What a test can see
//
// [Server.Row] and [Server.Rows] are what is stored, [Server.History] is every
// write with the row before and after it, [Server.Requests] is every HTTP
// request with the methods in it and how it was answered.
//
// # What a test can break
//
// A [Fault] strikes the next request, or the n-th one with some method or path:
// cut before or after it was stored, slow, half, malformed, too large, refused.
// [Server.Present] shows a wrong or expired certificate, [Server.Maintain] is a
// maintenance, [Server.Stop] is an outage that [Server.Resume] ends.
//
// # Where it departs from a real server
//
//   - It speaks no msgpack and no lz4: such a request is refused with 400, as a
//     real server refuses an encoding that it does not know.
//   - A client on this machine is treated as one from elsewhere, since tests
//     know no other; see [Options.LoopbackExempt].
//   - There is no message bus, no licence pool, no kiosk and no hardware schema;
//     a method that it does not have is an invalid one, as any other name.
//   - Server-side text that only people read (traces, welcome pages) is absent.
package opsitest
