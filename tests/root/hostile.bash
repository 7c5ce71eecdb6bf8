# SPDX-License-Identifier: Apache-2.0
# What the tests of hostile containers have in common: `load hostile`. Needs root, busybox, a C compiler.
#
# NSEXEC is the program under test, NSX_LIBRARY the archive, NSX_TREE the tree of the headers; by default those of this
# tree. $W is a directory of the row alone, $R a root file system in it, $H "the host": nothing in there may ever change.
export LC_ALL=C
export BATS_TEST_TIMEOUT=60
NSX_TREE=${NSX_TREE:-$(realpath "$BATS_TEST_DIRNAME/../..")}
NSEXEC=${NSEXEC:-$NSX_TREE/build/static/src/cli/nsexec}
NSX_LIBRARY=${NSX_LIBRARY:-$NSX_TREE/build/system/src/libnsexec.a}
SOURCES=$NSX_TREE/tests/root
HELPER=$BATS_FILE_TMPDIR/helper
CALLER=$BATS_FILE_TMPDIR/caller

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
	local cc="cc -static"
	[ -e "/usr/lib/$(uname -m)-linux-musl/libc.a" ] && cc=$NSX_TREE/tools/musl-cc
	$cc -O1 -D_GNU_SOURCE -I"$NSX_TREE/src" -I"$NSX_TREE/include" "$SOURCES/hostile_helper.c" -o "$HELPER"
	cc -O1 -D_GNU_SOURCE -I"$NSX_TREE/include" "$SOURCES/hostile_caller.c" "$NSX_LIBRARY" -o "$CALLER"
}

setup() {
	W=$(mktemp -d /tmp/nsx-hostile.XXXXXX)
	R=$W/rootfs
	H=$W/host
	STARTED=
	mkdir -p "$R/bin" "$R/etc" "$R/tmp" "$R/mnt" "$R/w" "$H/dir"
	cp "$HELPER" "$R/bin/helper"
	cp "$(command -v busybox)" "$R/bin/busybox"
	for name in sh cat ls find stat mount pwd id; do
		ln -s busybox "$R/bin/$name"
	done
	echo root:x:0:0:::/bin/sh >"$R/etc/passwd"
	echo secret-of-the-host >"$H/secret"
	echo secret-of-the-host >"$H/dir/secret"
	chmod 600 "$H/secret"
	snapshot >"$W/before"
}

teardown() {
	local pid file i
	for pid in $STARTED; do
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in $STARTED; do
		for i in {1..20}; do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		kill -KILL "$pid" 2>/dev/null || true # nsexec ends with timeout(1), and the container with nsexec
		wait "$pid" 2>/dev/null || true
	done
	for file in "$W"/out "$W"/err "$W"/target.out "$W"/target.err; do
		[ ! -s "$file" ] || { echo "--- ${file##*/}:"; head -c 1500 "$file" | cat -v; }
	done
	rm -rf --one-file-system "$W"
}

fail() {
	echo "$*"
	return 1
}

# All that can be seen of the host's side.
snapshot() {
	find "$H" -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
	find "$H" -type f -exec sha256sum {} + | sort
	sha256sum "$NSEXEC" "$CALLER"
	sed 's/ - .*//' /proc/self/mountinfo | sort
	cat /proc/sys/kernel/hostname /proc/sys/kernel/core_pattern
}

host_unchanged() {
	snapshot >"$W/after"
	cmp -s "$W/before" "$W/after" || {
		diff "$W/before" "$W/after" || true
		fail "the host was changed"
	}
}

# launch_clean ARGUMENT...: either the program runs, or there is one error of ours and perhaps a hint. $status is set.
launch_clean() {
	status=0
	timeout -k 2 20 "$NSEXEC" launch --rootfs "$R" --net host "$@" >"$W/out" 2>"$W/err" </dev/null 3>&- || status=$?
	case $status in
	0) ;;
	125 | 126 | 127)
		[ "$(grep -vc '^hint: ' "$W/err")" = 1 ] || fail "not one error and a hint at most"
		grep -q '^nsexec launch: ' "$W/err" || fail "not an error of ours"
		;;
	*) fail "exit status $status" ;;
	esac
}

# What a program in there looks at: nothing of the host, and each procfs, wherever it is, is masked and protected.
PROBE='
for d in "" /proc /sys /dev /mnt /w /tmp /etc /other /vol; do
	[ -e $d/secret ] && echo "violation: sees the host in $d/"
done
for d in /* /tmp/*; do
	[ -d $d/self/fdinfo ] || continue
	for file in sysrq-trigger sys/kernel/core_pattern irq/default_smp_affinity; do
		[ ! -e $d/$file ] || ! (: >>$d/$file) 2>&- || echo "violation: $d/$file can be written"
	done
	[ -s $d/interrupts ] || [ -z "$(cat $d/interrupts 2>/dev/null)" ] || echo "violation: $d/interrupts can be read"
done
echo probed'

# with_probe ARGUMENT...: launch the probe, which may not be possible, and finds nothing if it is.
with_probe() {
	launch_clean "$@" -- /bin/busybox sh -c "$PROBE"
	[ $status != 0 ] || grep -q "^probed" "$W/out" || fail "no probe"
	! grep '^violation' "$W/out" || fail "it got something"
	host_unchanged
}

# race A B: exchange two names, over and over, until the end of the row.
race() {
	timeout -k 1 20 "$HELPER" race "$1" "$2" 15 3>&- &
	STARTED="$STARTED $!"
}

# target ARGUMENT... -- PROGRAM...: start a container in the background and wait for its "ready". $target is its pid.
target() {
	local i
	rm -f "$W/pid" # it is written after the program has been executed
	timeout -k 2 50 "$NSEXEC" launch --rootfs "$R" --no-tty --die-with-parent --pid-file "$W/pid" "$@" \
		>"$W/target.out" 2>"$W/target.err" </dev/null 3>&- &
	launcher=$!
	STARTED="$STARTED $launcher"
	for i in {1..200}; do
		[ -s "$W/pid" ] && grep -q '^ready' "$W/target.out" && break
		kill -0 "$launcher" 2>/dev/null || break
		sleep 0.02
	done
	[ -s "$W/pid" ] && grep -q '^ready' "$W/target.out" || fail "the target did not start"
	target=$(cat "$W/pid")
}

# End the target in an orderly way, so that it writes its summary.
end_target() {
	local i
	kill -TERM "$launcher"
	for i in {1..100}; do
		kill -0 "$launcher" 2>/dev/null || break
		sleep 0.05
	done
	wait "$launcher" || true
}

# run_quietly COMMAND...: sets $status; its output is in $W/out, its errors in $W/err.
run_quietly() {
	status=0
	timeout -k 2 20 "$@" >"$W/out" 2>"$W/err" </dev/null 3>&- || status=$?
}

enter() {
	run_quietly "$NSEXEC" enter --no-tty "$@"
}

# expect STATUS [TEXT]: what the last command ended with, and that its output or its errors have the text.
expect() {
	[ "$status" = "$1" ] || fail "exit status $status, not $1"
	[ $# -lt 2 ] || cat "$W/out" "$W/err" | grep -q -- "$2" || fail "no '$2'"
}

lacks() {
	! cat "$W/out" "$W/err" | grep -q -- "$1" || fail "has '$1'"
}

# No control characters, two lines at most (or that many).
clean_errors() {
	[ "$(wc -l <"$W/err")" -le "${1:-2}" ] || fail "more than ${1:-2} lines of errors"
	! grep -q '[^[:print:][:blank:]]' "$W/err" || fail "control characters in an error"
}
