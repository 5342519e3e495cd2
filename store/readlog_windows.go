// SPDX-License-Identifier: Apache-2.0

package store

// noWait has no flag here; pipes are in no folder.
const noWait = 0

// noFollow has no flag here; the opened file is judged.
const noFollow = 0

// modes: who may read a file is not said by its mode here.
const modes = false
