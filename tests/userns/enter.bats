#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `enter` for an unprivileged user: his own containers, and what he may not have of them.

load ../helpers

setup_file() {
	[ "$(id -u)" != 0 ] || skip "root; tests/userns/as-user runs it as somebody else"
	unshare -U true 2>/dev/null || skip "this user may not make user namespaces"
}

setup() {
	common_setup
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -m 700 "$XDG_RUNTIME_DIR"
}

@test "a container without a filter is entered silently, with all it is" {
	launch --seccomp unconfined --env FOO=bar --workdir /usr -- sh -c "$tell_and_stay"
	target=$(target_snapshot)
	run --separate-stderr nsexec enter "$container" -- sh -c "$snapshot"
	same_context "$target" "$output"
	same "$stderr" ""
}

@test "by its name it has the filter, too, and nothing is said" {
	launch --name "u$$" -- sh -c "$tell_and_stay"
	target=$(target_snapshot)
	run --separate-stderr nsexec enter "u$$" -- sh -c "$snapshot"
	same_context "$target" "$output"
	same "$stderr" ""
}

@test "a filter that may not be read is one warning line, with --strict an error" {
	launch -- sleep 1000
	run --separate-stderr nsexec enter "$container" -- echo ran
	same "$status:$output" 0:ran
	same "${#stderr_lines[@]}" 1 "$stderr"
	has "$stderr" "warning: "
	has "$stderr" seccomp
	run --separate-stderr nsexec enter --strict "$container" -- echo ran
	same "$status:$output" "125:"
	has "$stderr" --no-seccomp
	run --separate-stderr nsexec enter --strict --no-seccomp "$container" -- echo ran
	same "$status:$output:$stderr" "0:ran:"
}

@test "an oom_score_adj that may not be set is one warning line" {
	[ "$(cat /proc/self/oom_score_adj)" = 0 ] || skip "the caller has an oom_score_adj"
	launch --seccomp unconfined -- sleep 1000
	echo 500 >/proc/self/oom_score_adj # the children have it; back down it does not go without privileges
	run --separate-stderr nsexec enter "$container" -- cat /proc/self/oom_score_adj
	same "$status" 0
	if [ "$output" != 0 ]; then
		same "$(grep -c 'warning: ' <<<"$stderr")" 1
		run nsexec enter --strict "$container" -- true
		same "$status" 125
	fi
}

@test "--user, --cap-drop, --env, --workdir and --fd" {
	launch --seccomp unconfined -- sleep 1000
	exec 5<<<five
	run nsexec enter --cap-drop CHOWN --env A=b --workdir /etc --fd 5=4 "$container" -- sh -c 'grep ^CapEff /proc/self/status; echo $A; pwd; cat <&4'
	same "$output" $'CapEff:\t00000000a80425fa\nb\n/etc\nfive'
	exec 5>&-
	run nsexec enter --user 5 "$container" -- true # not mapped
	same "$status" 125
}

@test "a container of unshare" {
	background unshare --kill-child --fork -U -r -m -p -n -u -i -C sh -c "mount -t proc proc /proc; $tell_and_stay"
	target=$(target_snapshot)
	child=$(cat "/proc/$background/task/$background/children")
	run --separate-stderr nsexec enter "${child% }" -- sh -c "$snapshot"
	same_context "$target" "$output"
}

@test "a container of bubblewrap" {
	need bwrap
	background bwrap --unshare-all --die-with-parent --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp sh -c "$tell_and_stay"
	target=$(target_snapshot)
	pid=$background
	while read -r child rest < <(cat "/proc/$pid/task/$pid/children"; echo) && [ -n "$child" ]; do pid=$child; done
	run --separate-stderr nsexec enter "$pid" -- sh -c "$snapshot"
	same_context "$target" "$output"
}

@test "a process of somebody else is refused with one error line" {
	owner=$(stat -c %u /proc/1)
	[ "$owner" != "$(id -u)" ] || skip "process 1 is ours"
	run --separate-stderr nsexec enter 1 -- true
	same "$status:$output" "125:"
	same "$(grep -c ^nsexec <<<"$stderr")" 1
}

@test "SIGKILL to nsexec ends the program, --detach lets it live" {
	launch --seccomp unconfined -- sleep 1000
	background "$NSEXEC" enter --pid-file "$BATS_TEST_TMPDIR/entered" "$container" -- sleep 2000
	until_true test -s "$BATS_TEST_TMPDIR/entered"
	entered=$(cat "$BATS_TEST_TMPDIR/entered")
	kill -KILL "$background"
	until_true 2 gone "$entered"
	nsexec enter --detach --pid-file "$BATS_TEST_TMPDIR/detached" "$container" -- sleep 2000 >/dev/null 2>&1 3>&-
	check alive "$(cat "$BATS_TEST_TMPDIR/detached")"
}

@test "subordinate ids: a container with a range, entered as one of them" {
	[ "$NSX_SUBIDS" = with ] || skip "this is the half without subordinate ids"
	first=$(sed -n "s/^$(id -un):\([0-9]*\):.*/\1/p" /etc/subuid | head -n 1)
	launch --seccomp unconfined --uid-map "0:$(id -u):1" --uid-map "1:$first:1000" --gid-map "0:$(id -g):1" --gid-map "1:$first:1000" \
		--user 7:8 -- sh -c "$tell_and_stay"
	target=$(target_snapshot)
	run --separate-stderr nsexec enter "$container" -- sh -c "$snapshot"
	same_context "$target" "$output"
	run nsexec enter --user 9:10 "$container" -- sh -c 'id -u; id -g'
	same "$output" $'9\n10'
}
