// SPDX-License-Identifier: Apache-2.0

// Package packagetest is tests only: it installs the deb and the rpm as an admin
// does, on machines of its own.
//
// A machine is a fresh Debian root in namespaces of its own, with systemd as its
// first process where the test is about the service. The package managers, their
// scripts, systemd, the programs and the installers are the real ones. Nothing of
// it reaches the machine the test runs on, and everything ends with the test.
//
// The tests need packages to look at and several minutes of a cold machine, so
// they are behind a build tag: make packages-test builds the packages and runs
// them.
package packagetest
