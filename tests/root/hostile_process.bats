#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container that attacks whoever enters it. The attacker (hostile_helper.c) is process 1 of the container.

load hostile

secret=XnsxSECRETofTHEcallerX
backwards=XrellacEHTfoTERCESxsnX

# enter_often TIMES PROGRAM ARGUMENT...: with a secret in every variable that we could have a reason to read or to copy
enter_often() {
	local times=$1 i code
	shift
	for ((i = 0; i < times; i++)); do
		code=0
		env -i NSX_SECRET=$secret NSX_LONG="$secret$secret$secret$secret" "HOME=/home/$secret" "SHELL=/$secret" \
			"XDG_RUNTIME_DIR=/run/$secret" "PATH=$PATH:/$secret" "TERM=$secret" "LD_PRELOAD=/$secret.so" "$secret=1" \
			timeout -k 2 10 "$@" >"$W/out" 2>"$W/err" </dev/null 10</ 11<"$H" 12<"$H/secret" 3>&- || code=$?
		[ $code = 0 ] || fail "enter number $i ended with $code"
	done
}

# The summary: none got anything, and "caught" or "denied" is not zero, or the test shows nothing.
summary() {
	end_target
	cat "$W/target.out"
	grep -q '^caught' "$W/target.out" || fail "the attacker has not finished"
	! grep -q '^violation' "$W/target.out" || fail "it gained something"
	grep -Eq "(^| )$1 [1-9]" "$W/target.out" || fail "$1 is 0: nothing was tried"
	host_unchanged
}

# denied ARGUMENT...: a container that must not get anywhere
denied() {
	target "$@" -- /bin/helper attack denied /bin/helper $backwards 40
	enter_often 60 "$NSEXEC" enter --no-tty "$target" -- /bin/helper exit 0
	summary seen
}

@test "CVE-2016-9962 CVE-2016-8659 CVE-2026-41163: with the default capabilities every access to the entering process fails" {
	denied --seccomp unconfined
}

@test "CVE-2016-9962: the same with the default filter" {
	denied
}

@test "CVE-2016-9962: the same with all capabilities in a user namespace of its own" {
	mkdir "$R/proc" "$R/sys" "$R/dev"
	denied --seccomp unconfined --cap-add ALL --uid-map 0:100000:65536 --gid-map 0:100000:65536
}

@test "CVE-2016-9962: the same for the library" {
	cp "$CALLER" "$W/caller"
	target --seccomp unconfined -- /bin/helper attack denied /bin/helper $backwards 40
	enter_often 60 "$W/caller" enter "$target" /bin/helper exit 0
	summary seen
}

# caught ARGUMENT...: a container that may trace them, and gains nothing by it
caught() {
	target --seccomp unconfined "$@" -- /bin/helper attack inspect /bin/helper $backwards 40
	enter_often 40 "$NSEXEC" enter --no-tty "$target" -- /bin/helper exit 0
	summary caught
}

@test "CVE-2016-9962: who seizes the entering process with CAP_SYS_PTRACE gains no capability, descriptor, secret or file" {
	caught --cap-add SYS_PTRACE
}

@test "CVE-2019-5736: nor with CAP_SYS_ADMIN in addition (mount_setattr of its exe)" {
	caught --cap-add SYS_PTRACE,SYS_ADMIN
}

@test "CVE-2016-9962: nor when it has few capabilities of the others" {
	caught --cap-add SYS_PTRACE \
		--cap-drop CHOWN,DAC_OVERRIDE,FSETID,FOWNER,MKNOD,NET_RAW,SETGID,SETUID,SETFCAP,SETPCAP,NET_BIND_SERVICE,SYS_CHROOT,AUDIT_WRITE
}

@test "CVE-2016-9962: nor of a program that runs as another user" {
	target --seccomp unconfined --cap-add SYS_PTRACE -- /bin/helper attack inspect /bin/helper $backwards 40
	for i in {1..20}; do
		enter_often 1 "$NSEXEC" enter --no-tty --user 0:0 "$target" -- /bin/helper exit 0
	done
	summary caught
}

@test "CVE-2016-9962: nor of a caller of the library, with secrets on its heap and careless descriptors" {
	cp "$CALLER" "$W/caller"
	sha256sum "$W/caller" >"$W/sum"
	target --seccomp unconfined --cap-add SYS_PTRACE -- /bin/helper attack inspect /bin/helper $backwards 40
	enter_often 40 "$W/caller" enter "$target" /bin/helper exit 0
	summary caught
	sha256sum -c --quiet "$W/sum"
}

@test "CVE-2016-9962: nor where the pid namespace is joined by launch" {
	target --seccomp unconfined --cap-add SYS_PTRACE -- /bin/helper attack inspect /bin/helper $backwards 40
	enter_often 30 "$NSEXEC" launch --no-tty --rootfs "$R" --net host --ns pid="/proc/$target/ns/pid" \
		--cap-drop ALL --seccomp unconfined -- /bin/helper exit 0
	end_target
	cat "$W/target.out"
	! grep -v 'another root' <(grep '^violation' "$W/target.out") || fail "it gained something"
	grep -q '^caught [1-9]' "$W/target.out"
}

# forge MODE: the attacker has the socket for errors; nsexec ends soon, and prints nothing that is not printable
forge() {
	local i code
	target --seccomp unconfined --cap-add SYS_PTRACE -- /bin/helper attack "$1" /bin/helper x 40
	for i in {1..8}; do
		run_quietly timeout -k 2 6 "$NSEXEC" enter --no-tty "$target" -- /bin/helper exit 7
		echo "$1: exit status $status"
		case $status in
		7 | 125 | 137) ;;
		*) fail "exit status $status" ;;
		esac
		clean_errors ${2-2}
		lacks forged
	done
	end_target
	cat "$W/target.out"
	grep -q '^caught [1-9]' "$W/target.out" || fail "none was caught"
	! grep '^violation' "$W/target.out"
}

@test "a forged error record ends the start and is printed clean" {
	forge error
}

@test "a forged warning is printed clean" {
	forge warning
}

@test "forged warnings are not printed without end" {
	forge flood 40
}

@test "datagrams of any size and content are survived" {
	forge noise
}

@test "descriptors sent to the parent do not stay there" {
	forge fds
}

@test "a terminal that was not asked for is not taken: it would get the caller's input" {
	forge terminal
}

@test "the death of the final process under its tracer is noticed" {
	forge kill
}

@test "who keeps the socket for errors does not hold up the caller" {
	forge hold
}

@test "who traces the program and does not wait for it does not hold up the caller" {
	local i
	target -- /bin/helper attack keep /bin/helper x 40
	for i in {1..8}; do
		run_quietly timeout -k 2 6 "$NSEXEC" enter --no-tty "$target" -- /bin/helper exit 7
		echo "exit status $status"
		[ $status = 7 ]
	done
	end_target
	grep -q '^caught [1-9]' "$W/target.out" || fail "none was caught"
}
