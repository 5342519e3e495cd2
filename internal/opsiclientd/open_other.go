// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package opsiclientd

// noBlock has no meaning for files here.
const noBlock = 0
