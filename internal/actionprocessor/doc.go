// SPDX-License-Identifier: Apache-2.0

// Package actionprocessor stands where opsi's agent, opsiclientd, expects opsi-script,
// and brings what the agent wants to the service.
//
// # Whom the agent starts
//
// opsiclientd has events: the machine starts or shuts down, an administrator pushes, a
// timer is over, somebody logs in. At each it mounts the depot, starts its action
// processor, waits until that has ended, unmounts the depot, and looks whether a script
// left the wish for a restart. Which event it is the action processor is not told. So
// people decide how long it stays, see [Judge]:
//
//   - nobody is logged in: until everything is done that can be done now, as opsi-script
//     would. At the start of the machine the agent keeps people from logging in meanwhile;
//   - somebody is there, or nobody knows: the service has been told, asks people itself,
//     and needs nobody to wait. Only what may read the depot is waited for: what is being
//     installed, is looked at, or is a script that people are asked about;
//   - the service only observes: nothing is waited for but an installer that runs.
//
// An installer that runs is waited for whatever the call names: the agent unmounts the
// depot, and may restart the machine.
//
// # What is no request
//
// Products that the agent runs by itself (-productlist) and scripts at a logon are not
// requested at the server. The service knows nothing of them; opsi-script does them.
//
// # Without the service
//
// With nobody there for certain opsi-script may do everything, as if quietsetup were not
// on the machine. With people there nothing is done: they would not be asked.
package actionprocessor
