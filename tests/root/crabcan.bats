#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line of the crabcan tutorial, and the lines that it logs.

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

setup() {
	common_setup
	make_rootfs "$BATS_TEST_TMPDIR/mountdir"
	printf '#!/bin/sh\nid -u\ncat /etc/marker\nexit 5\n' >"$rootfs/bin/script"
	chmod 755 "$rootfs/bin/script"
	echo marker >"$rootfs/etc/marker"
	cd "$BATS_TEST_TMPDIR"
}

@test "the tutorial's command works, long and short" {
	run --separate-stderr nsexec launch --debug --command /bin/script --uid 0 --mount ./mountdir/
	same "$status:$output" $'5:0\nmarker'
	run --separate-stderr nsexec launch -d -c /bin/script -u 0 -m ./mountdir/
	same "$status:$output" $'5:0\nmarker'
	run --separate-stderr nsexec launch -dc /bin/script -u0 -m./mountdir/
	same "$status:$output" $'5:0\nmarker'
}

@test "-u sets the user id, -a binds" {
	mkdir data
	echo bound >data/file
	run nsexec launch -c "cat /out/file" -u 1000 -m mountdir -a data:/out
	same "$status:$output" 0:bound
	run nsexec launch -c "id -u" -u 1000 -m mountdir
	same "$output" 1000
	run nsexec launch --command "cat /out/file" --mount mountdir --add "$PWD/data:/out"
	same "$output" bound
}

@test "the command is split at white space, without quoting" {
	run nsexec launch -m mountdir -c "  echo 'a	b'   c "
	same "$output" "'a b' c"
}

@test "it has launch's default confinement" {
	run nsexec launch -m mountdir -c "grep -E ^(CapEff|NoNewPrivs) /proc/self/status"
	same "$output" $'CapEff:\t00000000a80425fb\nNoNewPrivs:\t1'
}

@test "the log has the tutorial's lines, in order, each in the form of the tutorial" {
	run --separate-stderr nsexec launch --debug --command /bin/true --uid 0 --mount ./mountdir/
	same "$status:$output" "0:"
	form='^\[[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z DEBUG nsexec::container\] .'
	for line in "${stderr_lines[@]}"; do
		[[ $line =~ $form ]] || fail "not of the form: $line"
	done
	rest=$stderr missing=()
	for text in 'Args {' "Linux release: $(uname -r)" 'Container sockets: (' 'Creation finished' 'Container child PID: ' \
		'Waiting for child (pid ' 'Starting container with command /bin/true and args [' 'Finished, cleaning & exit' \
		'Cleaning container' 'Exit without any error, returning 0'; do
		[[ $stderr == *"] $text"* ]] || missing+=("$text")
	done
	[ ${#missing[@]} = 0 ] || fail "not logged:" "${missing[@]}"
	for text in 'Args {' 'Linux release: ' 'Creation finished' 'Waiting for child (pid ' 'Finished, cleaning & exit' \
		'Cleaning container' 'Exit without any error, returning 0'; do
		has "$rest" "] $text" "out of order"
		rest=${rest#*"] $text"}
	done
	[[ $stderr =~ "Container child PID: "([0-9]+) ]] || fail "no pid"
	has "$stderr" "Waiting for child (pid ${BASH_REMATCH[1]}) to finish"
}

@test "nothing is left in the mounted directory or on the host" {
	before=$(find mountdir | sort)
	mounts=$(wc -l </proc/self/mounts)
	groups=$(find /sys/fs/cgroup -maxdepth 3 -type d -name '*nsexec*' | wc -l)
	run nsexec launch --command /bin/true --uid 0 --mount ./mountdir/
	same "$(find mountdir | sort)" "$before"
	same "$(wc -l </proc/self/mounts)" "$mounts"
	same "$(find /sys/fs/cgroup -maxdepth 3 -type d -name '*nsexec*' | wc -l)" "$groups"
}

@test "--uid is not an abbreviation of --uid-map, nor the other way" {
	run nsexec launch --uid 0:0:1 -m mountdir -c true
	same "$status" 125
	run nsexec launch --uid-map 0 -m mountdir -c true
	same "$status" 125
}
