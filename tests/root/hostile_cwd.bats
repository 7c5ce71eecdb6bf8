#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CVE-2024-21626: no program runs with a working directory that cannot be reached in its root.

load hostile

# reachable: the program of the last command ran with an absolute working directory, or it did not run
reachable() {
	case $status in
	0) grep -q '^cwd /' "$W/out" && ! grep -q '^cwd (unreachable)' "$W/out" || fail "an unreachable directory" ;;
	125) clean_errors ;;
	*) fail "exit status $status" ;;
	esac
	! grep '^fd .* directory' "$W/out" || fail "it has a directory"
}

refused() {
	expect 125
	lacks '^cwd'
	reachable
}

@test "CVE-2024-21626: launch --workdir /proc/self/fd/N" {
	for n in {3..20} 100; do
		run_quietly "$NSEXEC" launch --rootfs "$R" --net host --workdir /proc/self/fd/$n -- /bin/helper report \
			9<"$H" 10</ 11</sys/fs/cgroup 12</proc/self
		refused
	done
	host_unchanged
}

@test "CVE-2024-21626: enter --workdir /proc/self/fd/N, and a link to it" {
	ln -s /proc/self/fd/9 "$R/link"
	ln -s /proc/self/cwd "$R/link2"
	ln -s /proc/self/fd/ "$R/link3"
	target -- /bin/helper stay
	for dir in /link /link2/host /link3/9 /link3/10 /proc/self/fd/{3..20} /proc/thread-self/fd/9 /proc/self/task/1/cwd; do
		run_quietly "$NSEXEC" enter --no-tty --workdir "$dir" "$target" -- /bin/helper report 9<"$H" 10</ 11</sys/fs/cgroup
		refused
	done
	host_unchanged
}

@test "CVE-2024-21626: --workdir climbs out of the root" {
	target -- /bin/helper stay
	for dir in /.. /../../../../.. "/w/../..$H" "$H" /proc/1/root /proc/self/root /proc/1/cwd; do
		enter --workdir "$dir" "$target" -- /bin/helper report
		reachable
		! grep -q "$H" "$W/out"
	done
	enter --workdir /../w "$target" -- /bin/helper report
	expect 0 '^cwd /w$'
}

@test "CVE-2024-21626: the target's own directory is outside of its root" {
	cp -r "$R/bin" "$W/bin" && mkdir "$R/jail" && mv "$W/bin" "$R/jail/bin"
	target -- /bin/helper escaped
	enter "$target" -- /bin/helper report
	refused
	enter --workdir / "$target" -- /bin/helper report
	expect 0 '^cwd /$'
}

@test "CVE-2024-21626: the target's own directory was removed" {
	target -- /bin/helper deleted
	enter "$target" -- /bin/helper report
	refused
	enter --workdir /w "$target" -- /bin/helper report
	expect 0 '^cwd /w$'
}

@test "CVE-2024-21626: a directory of the caller (--wd DIR) does not come along into another root" {
	target -- /bin/helper stay
	enter --wd="$H" "$target" -- /bin/helper report
	refused
	run_quietly "$NSEXEC" enter --no-tty -t "$target" -a -w"$H" -- /bin/helper report
	refused
}

@test "CVE-2024-21626: a directory that changes into a link while it is entered" {
	mkdir "$R/place"
	ln -s /proc/1/root "$R/other"
	target -- /bin/helper stay
	race "$R/place" "$R/other"
	for i in {1..40}; do
		enter --workdir /place "$target" -- /bin/helper report
		reachable
	done
}

@test "CVE-2024-21626: without the mount namespace the caller's own directory stays, and paths are the caller's" {
	target -- /bin/helper stay
	cd "$W"
	enter --only net "$target" -- /bin/sh -c 'pwd'
	expect 0 "^$W$"
	enter --only net --workdir /usr "$target" -- /bin/sh -c 'pwd'
	expect 0 '^/usr$'
}
