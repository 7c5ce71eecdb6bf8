#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CVE-2016-9962, CVE-2024-21626, CVE-2016-8649: a program has the descriptors 0, 1, 2, the declared ones, and no other.

load hostile

only() {
	expect 0
	[ "$(sed -n 's/^fd \([0-9]*\) .*/\1/p' "$W/out" | xargs)" = "$*" ] || fail "not only $*"
}

# careless COMMAND...: with descriptors of directories, of files and of the program, low and high
careless() {
	run_quietly "$@" 3<"$H" 4<"$H/secret" 9</ 10</sys/fs/cgroup 11</proc/self 63<"$NSEXEC" 200</proc
}

@test "CVE-2016-9962: enter" {
	target -- /bin/helper stay
	careless "$NSEXEC" enter --no-tty "$target" -- /bin/helper report
	only 0 1 2
}

@test "CVE-2024-21626: launch" {
	careless "$NSEXEC" launch --no-tty --rootfs "$R" --net host -- /bin/helper report
	only 0 1 2
	careless "$NSEXEC" launch --no-tty --rootfs "$R" --net host --init -- /bin/helper report
	only 0 1 2
}

@test "CVE-2016-8649: descriptors that were declared come along under their number, others do not" {
	target -- /bin/helper stay
	careless "$NSEXEC" enter --no-tty --fd 4=3 --fd 200=17 "$target" -- /bin/helper report
	only 0 1 2 3 17
	careless "$NSEXEC" launch --no-tty --rootfs "$R" --net host --fd 4=60 -- /bin/helper report
	only 0 1 2 60
}

@test "a number that is not open, or is ours, can not be declared" {
	target -- /bin/helper stay
	for n in {3..40}; do
		status=0
		(for fd in {3..40} 63 {250..260}; do eval "exec $fd>&-"; done
			exec timeout 10 "$NSEXEC" enter --no-tty --fd $n=5 "$target" -- /bin/helper report) >"$W/out" 2>"$W/err" || status=$?
		expect 125
		clean_errors
	done
}

@test "CVE-2016-9962: the library" {
	target -- /bin/helper stay
	careless "$CALLER" enter "$target" /bin/helper report
	only 0 1 2
	careless "$CALLER" launch "$R" /bin/helper report
	only 0 1 2
}

@test "--detach: only standard input is another" {
	target -- /bin/helper stay
	run_quietly "$NSEXEC" enter --detach "$target" -- /bin/helper report
	for i in {1..50}; do
		grep -q '^fd 2' "$W/out" && break
		sleep 0.02
	done
	only 0 1 2
}

@test "with a pipe for the terminal: --tty has the terminal only" {
	target -- /bin/helper stay
	careless "$NSEXEC" enter --tty "$target" -- /bin/helper report
	sed -i 's/\r//' "$W/out"
	only 0 1 2
	grep -q '^terminal yes' "$W/out"
}

@test "descriptors 0, 1 and 2 are closed: none of ours takes their place" {
	target -- /bin/helper stay
	status=0
	(exec <&- >&- 2>&-; exec timeout 10 "$NSEXEC" enter --no-tty "$target" -- /bin/sh -c '/bin/helper report >/report') || status=$?
	[ $status = 0 ]
	cp "$R/report" "$W/out"
	[ "$(grep -c '^fd' "$W/out")" = 3 ]
	! grep -E '^fd .* (socket|memfd|directory|pipe)' "$W/out"
	rm "$R/report"
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- 2>&-'; do
		status=0
		(eval "exec </dev/null >/dev/null 2>/dev/null $closed"; exec timeout 10 "$NSEXEC" launch --rootfs "$R" --net host \
			--no-tty -- /bin/sh -c '/bin/helper report >/report') || status=$?
		[ $status = 0 ]
		! grep -E '^fd .* (socket|memfd|directory|pipe)' "$R/report" || fail "after $closed"
	done
}

@test "descriptors 0, 1 and 2 of a caller of the library are closed: none of ours takes their place" {
	target -- /bin/helper stay
	run_quietly "$CALLER" closed enter "$target" /bin/sh -c '/bin/helper report >/report'
	[ $status = 0 ] || fail "exit status $status"
	cp "$R/report" "$W/out"
	! grep -E '^fd .* (socket|memfd|directory|pipe)' "$W/out" || fail "one of ours"
	rm "$R/report"
	run_quietly "$CALLER" closed launch "$R" /bin/sh -c '/bin/helper report >/report'
	[ $status = 0 ] || fail "exit status $status"
	cp "$R/report" "$W/out"
	! grep -E '^fd .* (socket|memfd|directory|pipe)' "$W/out" || fail "one of ours"
}
