#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# Limits that bite, and the core of launch and enter, on Debian's kernel 6.1 with nothing but cgroup v2: prints TAP.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
nsexec=${NSEXEC:-$top/build/static/src/cli/nsexec}
command -v qemu-system-x86_64 >/dev/null || command -v qemu-system-aarch64 >/dev/null || {
	echo "1..0 # SKIP no qemu"
	exit
}
"$top/tests/vm/get-kernel" >/dev/null 2>&1 || {
	echo "1..0 # SKIP the kernel cannot be fetched (tests/vm/get-kernel)"
	exit
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
cp "$nsexec" "$tmp/nsexec"
cp "$top/tests/vm/inside.sh" "$tmp/"
if command -v newuidmap >/dev/null && command -v newgidmap >/dev/null; then
	set -- -p newuidmap -p newgidmap
fi
"$top/tests/vm/vm-run" -e -t 220 "$@" "$tmp" sh ./inside.sh
