#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs a program that does nothing but run: a copy of sleep. Use it with
#   /tmp/quietsetup-example/notes/sleep 600 &
set -eu
top=/tmp/quietsetup-example
mkdir -m 700 "$top" 2>/dev/null || true
# /tmp belongs to everybody: go on only in a folder of our own.
if [ -L "$top" ] || [ ! -O "$top" ]; then
	echo "$top belongs to somebody else" >&2
	exit 1
fi
mkdir -p "$top/notes"
# A new file in the old one's place: a running program keeps its own.
cp "$(command -v sleep)" "$top/notes/sleep.new"
mv -f "$top/notes/sleep.new" "$top/notes/sleep"
echo "$1" >"$top/notes/version"
