// SPDX-License-Identifier: Apache-2.0

// Package tomlfile reads TOML that people write: a package's metadata, the
// config file. It adds two things to the TOML library.
//
// Limits. The text is somebody else's, and the library recurses into nested
// values and copies long keys for each value below them: a file of one megabyte
// can end the process or keep it busy for minutes. A walk over the text before
// the library sees it bounds size, depth, and the number and length of keys.
//
// Places. Whatever is wrong is said as "file:line: key: what", also when the
// text is good TOML and only the value is wrong. The same walk notes the line of
// every key.
//
// Reading goes on after a mistake, so one look shows all of them.
package tomlfile
