// SPDX-License-Identifier: Apache-2.0

// Package productid knows what a product may be called.
//
// An id comes from outside and becomes the name of a folder in the depot, of a
// file in the state directory and part of an attempt's token, on every platform.
// So it is checked in one place before any path is made of it. The rule is a bit
// narrower than opsi's: an id begins with a letter or digit, ends with no dot,
// and is not a device name of Windows.
package productid
