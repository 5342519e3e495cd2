// SPDX-License-Identifier: Apache-2.0

// Package opsidialog asks people by a dialog of opsiclientd, the agent of opsi, in a
// session that has no agent of ours.
//
// # The service
//
// opsiclientd has a service on its own machine (https://localhost:4441/opsiclientd,
// the same JSON-RPC as opsi's server) with a method showDialog from version 4.3.9 on.
// It takes a title, a text in Markdown, a number of seconds and buttons, shows them on
// all desktops and answers when a button was pressed or the time was over. A newer
// dialog, whoever asked for it, takes an older one away. There is no call that closes
// one. Whether the method is there is looked up in the service's own list and kept for
// an hour; that it is not there is no error.
//
// # Who gets the host key
//
// The service wants the host key, which is this client at the opsi server. Its
// certificate is self-signed, and its port is one that any user of the machine may
// listen on while opsiclientd does not run. So the key is sent to nobody but the holder
// of opsiclientd's own private key: the certificate must be, byte for byte, the one in
// the file that opsiclientd serves it from (ssl_server_cert_file in opsiclientd.conf,
// by itself opsiclientd.pem beside that). TLS proves that the other end has its key. The
// file with the private key must be readable for nobody but root or administrators:
// where others can read it, each of them could play the service. Both files are read
// anew for each connection. What is not proven gets nothing: the handshake is broken off
// before a request is written, and this way of asking is not used. Connections go to the
// addresses of the machine itself and to no others, whatever the name localhost means here.
//
// # Who has answered
//
// An answer names nobody. So the dialog is shown only while exactly one session is on
// the machine, with a desktop, not locked and not switched away: on a locked screen
// whoever passes by could press its buttons. It is looked every few seconds while the
// dialog is shown, and once more when it was answered; if it was otherwise at one of these
// looks, there is no answer.
//
// # What is an answer
//
// A button that was pressed, and nothing else. The service gives the id of the default
// button when the time is over, so the id alone means nothing: the answer must say that
// the time was not over and that no newer dialog came, and name the pressed button. Ids are
// made anew for each dialog. A dialog that went by proves nobody's presence, so nobody
// counts as asked, nothing is charged as "later", and no program is closed for it,
// whatever the policy says of windows that were seen. The text says so. A dialog that a
// newer one took away is not shown again in the same window: the two would take each
// other away for ever.
//
// The button that Enter presses is "later", or else "closed already", never the one that
// closes programs. A press before anybody could have read the text does not count.
//
// # Text
//
// The words are those of every window. Names in them come from packages and from
// the machine and are hostile, so nothing in them may be Markdown or the countdown.
// Titles of other windows are never in it.
//
// All of this was tried against a double of the service only. What it does with a dialog
// whose caller has gone, and the result's exact form where no button was pressed, are
// not known; neither matters to what counts as an answer. What it says of a dialog that
// was closed without a button is not known either: were that the default button, it
// would be taken for a "later".
package opsidialog
