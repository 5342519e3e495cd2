// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package doctor

import "io/fs"

func ownerOf(fs.FileInfo) int { return -1 }
