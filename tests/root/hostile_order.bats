#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The order of things between joining and execve, as strace(1) sees it. $W/helper.calls has the calls of the helper
# process, $W/final.calls those of the final one, up to its execve.

load hostile

# traced ARGUMENT...: enter the target under strace, and sort its calls
traced() {
	local helper final tty=--no-tty
	[ "$1" != --tty ] || tty=
	run_quietly strace -f -qq -y -s 200 -o "$W/trace" "$NSEXEC" enter $tty "$@" "$target" -- /bin/helper report
	expect 0
	helper=$(sed -n 's/^\([0-9]*\) *setns(.*/\1/p' "$W/trace" | head -1)
	final=$(sed -n 's/^\([0-9]*\) *execve("\/bin\/helper".*/\1/p' "$W/trace" | head -1)
	[ -n "$helper" ] && [ -n "$final" ] && [ "$helper" != "$final" ]
	sed -n "s/^$helper *//p" "$W/trace" >"$W/helper.calls"
	sed -n "s/^$final *//p" "$W/trace" | sed '/^execve("\/bin\/helper"/q' >"$W/final.calls"
	sed -n '/^setns(/,$p' "$W/helper.calls" >"$W/joined.calls"
}

# line FILE PATTERN: number of the first line that has it
line() {
	grep -n -m 1 -- "$2" "$W/$1" | cut -d: -f1 | grep . || fail "no $2"
}

last() {
	grep -n -- "$2" "$W/$1" | tail -1 | cut -d: -f1 | grep . || fail "no $2"
}

@test "CVE-2016-9962: not dumpable before the join" {
	target -- /bin/helper stay
	traced
	[ "$(line helper.calls 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE')" -lt "$(line helper.calls '^setns(')" ]
}

@test "CVE-2016-9962: not dumpable after the last change of credentials, before the clone" {
	target -- /bin/helper stay
	for options in "" "--user 1000:1000"; do
		traced $options
		dumpable=$(last helper.calls 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE')
		for call in setresgid setresuid; do # a smaller set of capabilities changes nothing: cred_cap_issubset()
			grep -q "$call" "$W/joined.calls" || continue
			[ "$dumpable" -gt "$(last helper.calls "$call")" ]
		done
		[ "$dumpable" -lt "$(last helper.calls '^clone')" ]
	done
}

@test "CVE-2024-21626: descriptors are closed before the join" {
	target -- /bin/helper stay
	traced
	[ "$(line helper.calls '^close_range(')" -lt "$(line helper.calls '^setns(')" ]
}

@test "all power is dropped before the clone, and the final process changes none" {
	target -- /bin/helper stay
	traced --user 1000:1000
	clone=$(last helper.calls '^clone')
	for call in setgroups setresgid setresuid PR_CAPBSET_DROP capset PR_SET_NO_NEW_PRIVS seccomp chroot; do
		[ "$(last helper.calls "$call")" -lt "$clone" ]
		! grep "$call" "$W/final.calls"
	done
}

@test "the final process does nothing but what its table says" {
	target -- /bin/helper stay
	traced
	cat "$W/final.calls"
	! grep -vE '^(setsid|prctl\(PR_SET_PDEATHSIG|recvfrom|sendmsg|close_range|execve|execveat|\+\+\+|<\.\.\.|restart|rt_sig)' "$W/final.calls"
}

@test "the parent-death signal is set before it is checked that the parent lives" {
	target -- /bin/helper stay
	traced
	[ "$(line final.calls 'PR_SET_PDEATHSIG, SIGKILL')" -lt "$(line final.calls '^recvfrom\|^sendmsg\|^poll')" ]
	[ "$(line final.calls '^recvfrom\|^sendmsg\|^poll')" -lt "$(line final.calls '^execve')" ]
}

@test "a session of its own before execve" {
	target -- /bin/helper stay
	traced
	[ "$(line final.calls '^setsid')" -lt "$(line final.calls '^execve')" ]
}

@test "CVE-2025-52881 CVE-2015-1334: after the join no path is looked up but by openat2 in the root" {
	target -- /bin/helper stay
	for options in "" "--user 1000:1000" "--workdir /w" "--tty" "--tty --workdir /w --user 5"; do
		traced $options
		cat "$W/joined.calls" "$W/final.calls" >"$W/all.calls"
		# relative to a descriptor of our own procfs, a name without a slash; the root itself; the program
		! grep -E '^(open|openat|creat|stat|lstat|access|faccessat|faccessat2|readlink|readlinkat|statx|newfstatat|mkdirat|unlink|chmod|chown|mount|umount2|chdir|chroot|statfs)\(' \
			"$W/all.calls" | grep -vE '^newfstatat\([0-9]+<[^>]*/ns>, "[a-z_]+",' | grep -vE '^newfstatat\([0-9]+(<.*>)?, "",' |
			grep -vE '^(chroot|chdir)\("\."\)' | grep -vE '^openat\(AT_FDCWD[^,]*, "/", [^)]*O_PATH' || fail "with '$options'"
		! grep '^openat2(' "$W/all.calls" | grep -v 'RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT\|RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS' ||
			fail "with '$options'"
	done
}

@test "CVE-2026-46333: the helper closes its descriptors before it exits" {
	target -- /bin/helper stay
	traced
	[ "$(last helper.calls '^close_range(0, 4294967295')" -lt "$(last helper.calls '^exit_group\|^exit(')" ]
	[ "$(last helper.calls '^close_range(0, 4294967295')" -gt "$(last helper.calls '^clone')" ]
}

@test "the program does not run if nsexec dies before the parent-death signal is set" {
	# an attacker holds the final process from its first instructions on, and nsexec dies meanwhile
	target --seccomp unconfined --cap-add SYS_PTRACE -- /bin/helper attack pause /bin/busybox x 30
	for i in 1 2 3; do
		paused=$(grep -c '^paused' "$W/target.out" || true)
		"$NSEXEC" enter --no-tty "$target" -- /bin/busybox mkdir /ran </dev/null >"$W/out" 2>"$W/err" 3>&- &
		pid=$!
		STARTED="$STARTED $pid"
		for j in {1..100}; do
			[ "$(grep -c '^paused' "$W/target.out" || true)" = "$paused" ] || break
			sleep 0.01
		done
		[ "$(grep -c '^paused' "$W/target.out" || true)" != "$paused" ] || { echo "not caught"; rm -rf "$R/ran"; continue; }
		kill -KILL $pid
		wait $pid || true
		caught=yes
		sleep 2
		[ ! -e "$R/ran" ] || fail "it ran"
	done
	[ "$caught" = yes ]
}

@test "a join by path that did not happen is noticed" {
	target --ns net=new -- /bin/helper stay
	for kinds in "net=/proc/$target/ns/net" "uts=/proc/$target/ns/uts,ipc=/proc/$target/ns/ipc" "pid=/proc/$target/ns/pid"; do
		run_quietly strace -f -qq -e trace=setns -e inject=setns:retval=0 -o "$W/trace" "$NSEXEC" enter --no-tty "ns:$kinds" -- \
			/bin/sh -c 'echo ran'
		lacks '^ran'
		expect 125 verify-join
	done
}

# first_clone ARGUMENT...: the call that made the helper, or the init of a launch
first_clone() {
	grep -m 1 -E 'clone3?\(' "$W/trace"
}

@test "memory is shared with a helper, but not with one in a user namespace, nor with the final process" {
	target -- /bin/helper stay
	traced
	[[ $(first_clone) == *CLONE_VM* ]]
	[[ $(grep '^clone(' "$W/helper.calls") != *CLONE_VM* ]]

	end_target
	mkdir -p "$R/proc" "$R/sys" "$R/dev"
	target --uid-map 0:100000:65536 --gid-map 0:100000:65536 -- /bin/helper stay
	traced
	[[ $(first_clone) != *CLONE_VM* ]]
	[[ $(grep '^clone(' "$W/helper.calls") != *CLONE_VM* ]]
}
