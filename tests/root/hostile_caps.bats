#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Capabilities and other bookkeeping: nothing more than was asked for.

load hostile

# set_of NAME: one set of the program's output
set_of() {
	sed -n "s/^Cap$1:[[:space:]]*//p" "$W/out"
}

STATUS='cat /proc/self/status'
NONE=0000000000000000

launch() {
	run_quietly "$NSEXEC" launch --rootfs "$R" --net host --no-tty "$@" -- /bin/sh -c "$STATUS"
	expect 0
}

@test "CVE-2022-24769 CVE-2022-29162: launch leaves the inheritable and the ambient set empty" {
	launch
	[ "$(set_of Inh)" = $NONE ] && [ "$(set_of Amb)" = $NONE ]
	launch --cap-add NET_ADMIN,SYS_PTRACE
	[ "$(set_of Inh)" = $NONE ] && [ "$(set_of Amb)" = $NONE ]
	launch --privileged
	[ "$(set_of Inh)" = $NONE ] && [ "$(set_of Amb)" = $NONE ]
	launch --user 0:0
	[ "$(set_of Inh)" = $NONE ] && [ "$(set_of Amb)" = $NONE ]
}

@test "CVE-2022-24769: also when the caller has an inheritable and an ambient set" {
	run_quietly setpriv --inh-caps=+chown,+net_raw,+kill --ambient-caps=+chown,+kill "$NSEXEC" launch --rootfs "$R" --net host \
		--no-tty -- /bin/sh -c "$STATUS"
	expect 0
	[ "$(set_of Inh)" = $NONE ] && [ "$(set_of Amb)" = $NONE ]
}

@test "CVE-2022-27650: enter has the target's sets, and adds nothing to the inheritable one" {
	target -- /bin/helper stay
	for options in "" "--cap-add SYS_PTRACE" "--user 0:0" "--user 0:0 --cap-add NET_ADMIN"; do
		run_quietly setpriv --inh-caps=+chown,+net_raw,+kill --ambient-caps=+chown,+kill "$NSEXEC" enter --no-tty $options \
			"$target" -- /bin/sh -c "$STATUS"
		expect 0
		[ "$(set_of Inh)" = $NONE ] && [ "$(set_of Amb)" = $NONE ] || fail "with '$options'"
	done
}

@test "CVE-2022-29162: a program that is not root has no capability" {
	target -- /bin/helper stay
	launch --user 1000:1000
	[ "$(set_of Eff)" = $NONE ] && [ "$(set_of Prm)" = $NONE ] && [ "$(set_of Amb)" = $NONE ] && [ "$(set_of Inh)" = $NONE ]
	enter --user 1000:1000 "$target" -- /bin/sh -c "$STATUS"
	expect 0
	[ "$(set_of Eff)" = $NONE ] && [ "$(set_of Prm)" = $NONE ] && [ "$(set_of Amb)" = $NONE ] && [ "$(set_of Inh)" = $NONE ]
}

@test "the bounding set is the target's, not more, whatever the caller has" {
	target --cap-drop NET_RAW,KILL -- /bin/helper stay
	enter "$target" -- /bin/sh -c "$STATUS"
	expect 0
	[ "$(set_of Bnd)" = 00000000a80405db ] # the 14 of container engines without two
	[ "$(set_of Bnd)" = "$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$target/status")" ]
	[ "$(set_of Prm)" = "$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$target/status")" ]
	enter --user 0:0 "$target" -- /bin/sh -c "$STATUS"
	[ "$(set_of Bnd)" = "$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$target/status")" ]
	grep -q '^NoNewPrivs:.*1' "$W/out"
	grep -q '^Seccomp:.*2' "$W/out"
}

@test "a bounding set that the caller has not is not raised" {
	launch --cap-drop ALL
	[ "$(set_of Bnd)" = $NONE ]
	run_quietly setpriv --bounding-set=-chown,-kill "$NSEXEC" launch --rootfs "$R" --net host --no-tty --privileged -- \
		/bin/sh -c "$STATUS"
	[ $status = 125 ] || [ $((0x$(set_of Bnd) & 0x21)) = 0 ]
}

@test "a setuid program in the container gains nothing (no_new_privs)" {
	mkdir "$R/suid"
	cp "$R/bin/busybox" "$R/suid/busybox"
	chmod 4755 "$R/suid/busybox"
	run_quietly "$NSEXEC" launch --rootfs "$R" --net host --no-tty --user 1000:1000 -- /suid/busybox cat /proc/self/status
	expect 0
	[ "$(set_of Eff)" = $NONE ]
	grep -q '^Uid:.1000.1000.1000.1000' "$W/out"
}

@test "supplementary groups of the caller do not come along" {
	target -- /bin/helper stay
	run_quietly setpriv --groups 4,24,27,100 "$NSEXEC" enter --no-tty "$target" -- /bin/sh -c "$STATUS"
	expect 0
	grep -q '^Groups:[[:space:]]*$' "$W/out" || fail "it has groups"
	run_quietly setpriv --groups 4,24,27,100 "$NSEXEC" launch --rootfs "$R" --net host --no-tty -- /bin/sh -c "$STATUS"
	grep -q '^Groups:[[:space:]]*$' "$W/out" || fail "it has groups"
}

@test "CVE-2023-25809: no cgroup file system of the host can be written" {
	for options in "" "--ns cgroup=host"; do
		run_quietly "$NSEXEC" launch --rootfs "$R" --net host --no-tty $options -- /bin/sh -c '
			mkdir /sys/fs/cgroup/nsexec-hostile 2>/dev/null && echo violation
			for f in $(find /sys/fs/cgroup -name cgroup.procs 2>/dev/null); do
				(echo 1 >$f) 2>/dev/null && echo violation $f
			done; true'
		expect 0
		lacks violation
	done
}

@test "CVE-2019-16884: /proc/self/attr, /proc/sys and /proc/sysrq-trigger of the container are those of its own procfs, protected" {
	run_quietly "$NSEXEC" launch --rootfs "$R" --net host --no-tty -- /bin/sh -c "$PROBE"
	expect 0 probed
	lacks violation
}

@test "CVE-2025-31133: a /dev/null of the caller that is none is refused, and masks nothing" {
	for kind in file zero; do
		run_quietly unshare -m --propagation private sh -c '
			exec 3>/dev/null 2>&1
			case $1 in
			file) mount --bind "$2/secret" /dev/null ;;
			zero) mount --bind /dev/zero /dev/null ;;
			esac
			exec "$3" launch --rootfs "$4" --net host --no-tty -- /bin/helper report' sh $kind "$H" "$NSEXEC" "$R"
		expect 125 /dev/null
	done
	host_unchanged
}

@test "the session keyring of the caller does not come along" {
	command -v keyctl >/dev/null || skip "no keyctl"
	run_quietly keyctl session - sh -c 'keyctl add user nsx-hostile secret @s >/dev/null; cp "$(command -v keyctl)" "$2/bin/" 2>/dev/null
		exec "$1" launch --net host --no-tty --seccomp unconfined -- keyctl show' sh "$NSEXEC" "$R"
	lacks nsx-hostile
}
