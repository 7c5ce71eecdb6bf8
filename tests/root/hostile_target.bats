#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Targets that lie about themselves, or end while they are entered.

load hostile

# the program of the last command ran in the container, or there is one clean error
in_or_out() {
	case $status in
	0) ;;
	125 | 126) clean_errors && grep -q '^nsexec enter: ' "$W/err" ;;
	*) fail "exit status $status" ;;
	esac
}

@test "an environment without assignments, with doubles, control characters and 1.5 MiB comes along as it is" {
	target -- /bin/helper environ 1500000
	enter "$target" -- /bin/cat /proc/self/environ
	expect 0
	cmp <(tr '\0' '\n' <"/proc/$target/environ" | grep .) <(tr '\0' '\n' <"$W/out") || fail "another environment"
}

@test "an environment of the target's choice: 64 MiB without an end" {
	target -- /bin/helper memory letters 64
	enter "$target" -- /bin/helper exit 0
	in_or_out
	[ $status != 0 ]
	enter --clear-env "$target" -- /bin/helper exit 0
	expect 0
}

@test "an environment of the target's choice: 7 MiB of nothing, a million variables, holes" {
	for kind in "zero 7" "short 4" "hole 1" "beyond 1"; do
		target -- /bin/helper memory $kind
		enter "$target" -- /bin/helper exit 0
		in_or_out
		enter --clear-env --env A=1 "$target" -- /bin/helper exit 0
		expect 0
		end_target
	done
}

@test "CVE-2025-23266: LD_PRELOAD of the target does not reach a process of ours" {
	target -- /bin/helper environ 0
	run_quietly strace -f -qq -e trace=openat,open,openat2 -o "$W/trace" "$NSEXEC" enter --no-tty "$target" -- /bin/helper exit 0
	expect 0
	! grep 'evil' "$W/trace"
}

@test "a name like fields of /proc/PID/stat" {
	target -- /bin/helper named
	start=$(tr '\n' ' ' <"/proc/$target/stat" | sed 's/.*) //' | cut -d' ' -f20)
	enter "pid:$target:$start" -- /bin/id -u
	expect 0 '^0$'
	enter "pid:$target:$((start + 1))" -- /bin/id -u
	expect 125 start-time
}

@test "a pid that another process has now is refused by START, and by -t PID:INODE" {
	target -- /bin/helper stay
	for start in 1 18446744073709551615; do
		enter "pid:$target:$start" -- /bin/helper exit 0
		expect 125
		clean_errors
	done
	enter -t "$target:1" -a -- /bin/helper exit 0
	expect 125
}

@test "CVE-2015-1334 CVE-2019-16884 CVE-2025-52881: a fake /proc in the container is neither read nor written" {
	target --cap-add SYS_ADMIN --seccomp unconfined -- /bin/sh -c '
		mount -t tmpfs none /mnt
		cd /mnt
		for who in self thread-self 1 2 3; do
			mkdir -p $who/attr/apparmor $who/ns $who/fd $who/task/1
			for file in attr/exec attr/current attr/apparmor/exec status environ oom_score_adj uid_map gid_map setgroups \
				loginuid timens_offsets cgroup mountinfo cmdline; do
				/bin/busybox mkfifo $who/$file
			done
			ln -s /proc $who/exe; ln -s /proc $who/root; ln -s /proc $who/cwd
		done
		mkdir -p sys/kernel; /bin/busybox mkfifo sys/kernel/cap_last_cap
		mount --bind /mnt /proc || exit 1
		find /proc -exec stat -c "%n %Z %X" {} + >/tmp/before
		exec /bin/helper stay'
	for i in {1..3}; do
		enter "$target" -- /bin/sh -c 'find /proc -exec stat -c "%n %Z" {} + | busybox sort >/tmp/after
			cut -d" " -f1,2 /tmp/before 2>/dev/null | busybox sort | busybox cmp - /tmp/after; echo done'
		expect 0 done
	done
	cut -d' ' -f1,2 "$R/tmp/before" | sort | cmp - <(sort "$R/tmp/after")
	enter --user 1:1 --workdir /w "$target" -- /bin/helper report
	expect 0 '^cwd /w'
}

@test "a stopped target is entered, and stays stopped" {
	target -- /bin/helper stay
	kill -STOP "$target"
	for i in 1 2 3; do
		enter "$target" -- /bin/helper exit 7
		expect 7
		grep -q '^State:.*T' "/proc/$target/status"
	done
	kill -CONT "$target"
}

@test "a target that is traced in the container is entered, or that is an error" {
	target -- /bin/helper traced
	child=$(cat "/proc/$target/task/$target/children")
	enter $child -- /bin/helper exit 0
	in_or_out
	enter --no-seccomp $child -- /bin/helper exit 0
	expect 0
}

@test "a zombie is refused, whatever is taken of it" {
	target -- /bin/helper zombie
	child=$(tr -d ' ' <"/proc/$target/task/$target/children")
	for options in "" "--only net" "--only net,uts --no-seccomp --keep-caps --no-cgroup --clear-env --no-lsm --user 0"; do
		enter $options "$child" -- /bin/helper exit 0
		expect 125
		clean_errors
	done
	enter "pid:$child" --
	expect 125
}

@test "the library refuses a zombie, also when only its namespaces are wanted" {
	target -- /bin/helper zombie
	child=$(tr -d ' ' <"/proc/$target/task/$target/children")
	run_quietly "$CALLER" bare "$child" /bin/true
	[ $status = 125 ] || fail "it ran in the caller's namespaces"
}

@test "targets that end at any moment: the program runs in their namespaces or not at all" {
	local ran=0
	target --ns net=new -- /bin/helper mayflies
	net=$(readlink "/proc/$target/ns/net")
	for i in {1..150}; do
		child=$(tr -d ' ' <"/proc/$target/task/$target/children")
		[ -n "$child" ] || continue
		if [ $((i % 2)) = 0 ]; then
			enter "$child" -- /bin/helper exit 0
		else
			enter --only net --no-seccomp --no-cgroup "$child" -- /bin/readlink /proc/self/ns/net
			[ $status != 0 ] || [ "$(cat "$W/out")" = "$net" ] || fail "it ran elsewhere"
		fi
		in_or_out
		[ $status != 0 ] || ran=$((ran + 1))
	done
	echo "$ran ran"
}

@test "a dead process is an error that says so" {
	sleep 0 &
	wait $!
	enter $! -- /bin/helper exit 0
	expect 125
	clean_errors
}

@test "a program that can not be executed, at any place, is 126 or 127, and clean" {
	target -- /bin/helper stay
	mkdir "$R/bin/dir"
	printf '#!/missing/interpreter\n' >"$R/bin/script"
	printf '\177ELF garbage' >"$R/bin/garbage"
	printf '#!%s\n' "$H/secret" >"$R/bin/outside"
	chmod 755 "$R/bin/script" "$R/bin/garbage" "$R/bin/outside"
	for program in /bin/dir /bin/script /bin/garbage /bin/outside missing /missing "" $'/bin/\033[31m\n'; do
		enter "$target" -- "$program"
		case $status in 126 | 127) ;; 125) [ -z "$program" ] ;; *) fail "exit status $status of '$program'" ;; esac
		clean_errors
	done
}
