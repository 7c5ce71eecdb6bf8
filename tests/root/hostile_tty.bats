#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CVE-2016-10124, CVE-2017-5226: what runs in a container does not type into the terminal of the caller.

load hostile

# in_terminal SCRIPT ($WAIT_S): run by a shell whose terminal is one of script(1); afterwards it looks for typed input
in_terminal() {
	command -v script >/dev/null || skip "no script(1)"
	[ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 1 ] || skip "this kernel has no TIOCSTI (dev.tty.legacy_tiocsti=0)"
	printf '%s\n' "$1" "IFS= read -r -t ${WAIT_S:-1} line && echo \"GOT \$line\"; true" >"$W/script"
	# at the end of its input script(1) types ^D, which may come before what is injected
	[ -p "$W/nothing" ] || mkfifo "$W/nothing"
	timeout -k 2 20 script -qec "bash $W/script" /dev/null >"$W/out" 2>"$W/err" <>"$W/nothing" 3>&- || true
	sed -i 's/\r//' "$W/out"
}

@test "the test itself: without a new session a program can type into the terminal" {
	WAIT_S=10 in_terminal "'$HELPER' tiocsti" # it comes at once, but on a busy machine
	grep -q '^GOT echo injected' "$W/out"
}

@test "CVE-2016-10124: enter --no-tty has no controlling terminal and can not type" {
	target -- /bin/helper stay
	in_terminal "'$NSEXEC' enter --no-tty $target -- /bin/helper tiocsti; '$NSEXEC' enter --no-tty $target -- /bin/helper report"
	grep -q '^injected 0' "$W/out"
	grep -q '^terminal no' "$W/out"
	grep -q '^session own' "$W/out"
	! grep '^GOT' "$W/out"
}

@test "CVE-2017-5226: launch --no-tty has no controlling terminal and can not type" {
	in_terminal "'$NSEXEC' launch --rootfs $R --net host --no-tty -- /bin/helper tiocsti
		'$NSEXEC' launch --rootfs $R --net host --no-tty -- /bin/helper report"
	grep -q '^injected 0' "$W/out"
	grep -q '^terminal no' "$W/out"
	! grep '^GOT' "$W/out"
}

@test "CVE-2016-10124: with --tty it types into a terminal of its own" {
	target -- /bin/helper stay
	in_terminal "'$NSEXEC' enter --tty $target -- /bin/helper tiocsti; '$NSEXEC' enter --tty $target -- /bin/helper report"
	grep -q 'injected [1-9]' "$W/out"
	grep -q '^terminal yes' "$W/out"
	! grep '^GOT' "$W/out"
	in_terminal "'$NSEXEC' launch --rootfs $R --net host --tty -- /bin/helper tiocsti"
	grep -q 'injected [1-9]' "$W/out"
	! grep '^GOT' "$W/out"
}

@test "the default in a terminal is one of its own" {
	target -- /bin/helper stay
	in_terminal "'$NSEXEC' enter $target -- /bin/helper tiocsti"
	grep -q 'injected [1-9]' "$W/out"
	! grep '^GOT' "$W/out"
}

@test "the library: no terminal" {
	target -- /bin/helper stay
	in_terminal "'$CALLER' enter $target /bin/helper tiocsti"
	grep -q '^injected 0' "$W/out"
	! grep '^GOT' "$W/out"
}

@test "CVE-2025-52565: /dev/pts and /dev/ptmx of the target are something else" {
	target --cap-add SYS_ADMIN --seccomp unconfined -- /bin/sh -c '
		mount -t tmpfs none /dev/pts && cat </dev/null >/dev/pts/0; ln -s /etc/passwd /dev/pts/ptmx
		busybox rm -f /dev/ptmx; busybox mknod /dev/ptmx c 1 5; exec /bin/helper stay'
	in_terminal "'$NSEXEC' enter --tty $target -- /bin/helper report"
	grep -q '^terminal yes' "$W/out" # that of the caller's devpts
	[ "$(cat "$R/etc/passwd")" = root:x:0:0:::/bin/sh ]
}

@test "CVE-2025-52565: /dev/ptmx is a FIFO" {
	target --cap-add SYS_ADMIN --seccomp unconfined -- /bin/sh -c '
		mount -t tmpfs none /dev/pts; busybox mkfifo /dev/pts/ptmx
		busybox rm -f /dev/ptmx; busybox mkfifo /dev/ptmx; exec /bin/helper stay'
	in_terminal "timeout --foreground 5 '$NSEXEC' enter --tty $target -- /bin/helper report; echo status \$?"
	grep -q '^terminal yes' "$W/out" # that of the caller's devpts
	! grep 'status 124' "$W/out"
}
