// SPDX-License-Identifier: Apache-2.0

// Package servercheck looks at the way to an opsi config server and says what is
// wrong with it and how it is mended.
//
// It goes the way that the daemon goes: the address, the file of the host key, the
// file of the CA, the connection, the certificate, the login, then what the server
// says to a client that is logged in, and last the client's depot. What fails ends
// the way, and what lies behind it is skipped and said to be.
//
// # One knock
//
// A server counts failed logins by address: ten of them in two minutes, and
// everybody behind that address is turned away. A check that is run again and
// again by somebody who is looking for a fault would do just that to a site. So
// it connects once, and makes at most one attempt to log in; a refusal is told
// and not tried again, in no other form either. While the daemon runs on the same
// machine its own attempts are counted beside.
//
// # It changes nothing
//
// Reading is no proof that one may write. Two calls find out about that without
// writing: an update of no rows, and a log of a kind that no server has, which is
// refused only after the permission was looked at.
//
// Findings are codes with facts, as in package doctor; words for them are found
// elsewhere.
package servercheck
