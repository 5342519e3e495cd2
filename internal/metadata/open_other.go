// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package metadata

// noBlock is not needed where pipes are no files of a folder.
const noBlock = 0
