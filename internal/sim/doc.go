// SPDX-License-Identifier: Apache-2.0

// Package sim is the seeded fake world: a machine, the people at it, the source
// of its requests, and all that goes wrong there, in its own time. The daemon in
// it is the real one.
//
// # One seed is one history
//
// A world draws everything from one generator and moves one clock. Nothing in it
// reads the time, and no map is walked where the order would matter. So a seed
// and a few numbers (Options) name a history to the last letter of its log, and
// Options.String is what a failed run prints.
//
// # Who lives in it
//
// People come, lock, walk off, switch users, log off and shut the machine down.
// They answer a window soon, late or never. Their programs end by themselves,
// start again when they were closed, refuse to close, start between the agreement
// and the installer, and get the numbers of processes that have just ended.
// Installers succeed, fail, lie, hang for days, ask for a restart or find another
// installer running. Admins request, withdraw, ask for something else, publish
// versions, break and mend packages and change policies; operators hold, release,
// put off and reset. The source cannot be reached, refuses, and loses or doubles
// acknowledgements. The machine restarts, loses power, sleeps, has a full disk,
// and somebody sets its wall clock, by minutes or by years.
//
// After Options.Days all that ends: packages are whole, people agree, the source
// answers. From then on everything that was wanted must come to its end.
//
// # Who acts in it
//
// The daemon meets the world through the small interfaces of package effects,
// whose code is the real one. Whatever takes time is a task; one task acts at a
// time, and the agenda says whose turn it is. Run drives the core in memory:
// fsm.Decide, fsm.Apply and fsm.Due with policy.Resolve, on one thread. The tests
// drive the real engine with the real store in the same world.
//
// # Boundaries
//
// Every place where the daemon meets the outside is crossed under a number: a
// record that is appended, a window that is shown, a signal, the start of an
// installer, its outcome, a report. A Crash names a boundary and comes before,
// in the midst of or after it, and takes the process or the whole machine. What
// survives is what really would: files, the source's rows, a window on a screen
// and the answer in it, and installers, unless the power went.
//
// # The judge
//
// The judge knows what really happened. It keeps its own files from the records
// and from the acts, with rules of its own, and holds each to the other: no defer
// is lost, doubled or counted for what nobody did; no installer runs twice without
// a recorded reason, over a living program, under a hold or out of order; nothing
// is closed that was not shown to somebody who agreed, or announced; a window does
// what its text says, not before its time, and not sooner than the prompt interval
// allows; every open run has work or waits for somebody who has; no cycle is free;
// and in the end the source shows what came out. The first broken promise ends the
// world and stands in Result.Faults.
package sim
