// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the binaries as they are shipped: real daemons, agents,
// supervisors, programs and Debian packages, real kill -9. It holds tests only.
package e2e
