#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# setup.sh FOLDER VERSION installs a version of the demo's product.
set -eu
mkdir -p "$1"
echo "installing version $2 into $1"
sleep 0.5 # an installer takes its time
# A new file in the old one's place, so that nobody ever reads half of one.
echo "$2" >"$1/version.new"
mv -f "$1/version.new" "$1/version"
