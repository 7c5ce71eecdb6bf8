#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The cgroup of the target, in every hierarchy; and limits that cannot be had.

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

groups=()

# own_group DIR: make a cgroup for this test
own_group() {
	mkdir "$1"
	groups+=("$1")
	if [ -e "$1/cpuset.cpus" ]; then
		cat "${1%/*}/cpuset.cpus" >"$1/cpuset.cpus"
		cat "${1%/*}/cpuset.mems" >"$1/cpuset.mems"
	fi
}

teardown() {
	local i
	for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
		[ ! -e "${groups[i]}/freezer.state" ] || echo THAWED >"${groups[i]}/freezer.state"
	done
	end_started
	for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
		until_true rmdir "${groups[i]}"
	done
}

# Where cgroup v1 hierarchies are mounted: "NAME DIR" a line.
hierarchies() {
	awk '$3 == "cgroup" && $2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/self/mounts
}

@test "enter joins the target's cgroup in every hierarchy of version 1" {
	[ -n "$(hierarchies)" ] || skip "no cgroup v1 hierarchies"
	launch --seccomp unconfined --ns cgroup=host -- sleep 1000
	for dir in $(hierarchies); do
		own_group "$dir/nsexec-test-$$"
		echo "$container" >"$dir/nsexec-test-$$/cgroup.procs"
	done
	run nsexec enter "$container" -- cat /proc/self/cgroup
	same "$output" "$(cat "/proc/$container/cgroup")"
	has "$output" "/nsexec-test-$$"
	run nsexec enter --no-cgroup "$container" -- cat /proc/self/cgroup
	same "$output" "$(cat /proc/self/cgroup)"
}

@test "enter --user joins the cgroups too, and -t -c alike" {
	[ -n "$(hierarchies)" ] || skip "no cgroup v1 hierarchies"
	launch --seccomp unconfined --ns cgroup=host --user 1000:1000 -- sleep 1000
	dir=$(hierarchies | head -n 1)
	own_group "$dir/nsexec-test-$$"
	echo "$container" >"$dir/nsexec-test-$$/cgroup.procs"
	run nsexec enter "$container" -- cat /proc/self/cgroup
	has "$output" "/nsexec-test-$$"
	run nsexec enter -t "$container" -a -c cat /proc/self/cgroup
	has "$output" "/nsexec-test-$$"
}

@test "a frozen cgroup of version 1 is refused, in time" {
	dir=$(hierarchies | grep freezer) || skip "no freezer hierarchy of cgroup v1"
	launch --seccomp unconfined --ns cgroup=host -- sleep 1000
	own_group "$dir/nsexec-test-$$"
	echo "$container" >"$dir/nsexec-test-$$/cgroup.procs"
	echo FROZEN >"$dir/nsexec-test-$$/freezer.state"
	run --separate-stderr nsexec enter "$container" -- sh -c 'echo ran'
	same "$status:$output" "125:"
	has "$stderr" frozen
	echo THAWED >"$dir/nsexec-test-$$/freezer.state"
	run nsexec enter "$container" -- true
	same "$status" 0
}

@test "a hierarchy that is not mounted is left out, with a note at --debug" {
	[ -n "$(hierarchies)" ] || skip "no cgroup v1 hierarchies"
	launch --seccomp unconfined --ns cgroup=host -- sleep 1000
	dir=$(hierarchies | head -n 1)
	own_group "$dir/nsexec-test-$$"
	echo "$container" >"$dir/nsexec-test-$$/cgroup.procs"
	# shellcheck disable=SC2016 # the inner shell expands it
	run unshare -m --propagation private timeout 20 sh -c 'umount -l "$0" && exec "$@"' "$dir" "$NSEXEC" enter "$container" -- true
	same "$status:$output" "0:"
	# shellcheck disable=SC2016
	run unshare -m --propagation private timeout 20 sh -c 'umount -l "$0" && exec "$@"' "$dir" "$NSEXEC" enter --debug "$container" -- true
	same "$status" 0
	has "$output" "$(basename "$dir")"
}

# The rest in a view of cgroup v2 alone, where births, freezing and removal work.
in_v2() {
	timeout 60 "$top/tests/cg2" bash -c "$1" "$NSEXEC"
}

@test "cgroup v2: enter is born in the target's cgroup" {
	run in_v2 '
		set -e
		g=/sys/fs/cgroup/nsexec-test-$$
		mkdir $g
		trap "rmdir $g" EXIT
		"$0" launch --seccomp unconfined --ns cgroup=host --pid-file $g.pid -- true 2>/dev/null || :
		f=$(mktemp -u)
		(echo $BASHPID >$g/cgroup.procs; exec "$0" launch --seccomp unconfined --ns cgroup=host --pid-file $f -- sleep 1000) &
		s=$!
		until [ -s $f ]; do sleep 0.05; done
		c=$(cat $f); rm $f
		grep ^0:: /proc/$c/cgroup
		timeout 20 "$0" enter $c -- grep ^0:: /proc/self/cgroup
		timeout 20 "$0" enter --no-cgroup $c -- grep ^0:: /proc/self/cgroup
		kill -KILL $s $c; wait $s || :
		until ! grep -q 1 <<<"$(cut -d " " -f 2 $g/cgroup.events | head -n 1)"; do sleep 0.05; done'
	same "${lines[0]}" "${lines[1]}" "$output"
	has "${lines[0]}" /nsexec-test-
	lacks "${lines[2]}" /nsexec-test-
}

@test "cgroup v2: a frozen target is refused, in time" {
	run in_v2 '
		g=/sys/fs/cgroup/nsexec-test-$$
		mkdir $g
		f=$(mktemp -u)
		(echo $BASHPID >$g/cgroup.procs; exec "$0" launch --seccomp unconfined --pid-file $f -- sleep 1000) &
		s=$!
		until [ -s $f ]; do sleep 0.05; done
		c=$(cat $f); rm $f
		echo 1 >$g/cgroup.freeze
		until grep -q "frozen 1" $g/cgroup.events; do sleep 0.05; done
		timeout 10 "$0" enter $c -- true; echo "status $?"
		echo 0 >$g/cgroup.freeze
		timeout 10 "$0" enter $c -- true; echo "status $?"
		kill -KILL $s $c; wait $s
		until rmdir $g 2>/dev/null; do sleep 0.05; done'
	has "$output" "status 125"
	has "$output" frozen
	has "${output#*status 125}" "status 0"
}

@test "a limit whose controller is not there is an error that names it, before anything is made" {
	while read -r option controller; do
		grep -q "$controller" /sys/fs/cgroup/cgroup.controllers 2>/dev/null && continue # a machine with it
		before=$(find /sys/fs/cgroup -type d | sort)
		# shellcheck disable=SC2086 # words
		run --separate-stderr nsexec launch $option --pid-file "$BATS_TEST_TMPDIR/pid" --name "t-limit-$$" -- sh -c 'echo ran'
		same "$status:$output" "125:" "$option"
		has "$stderr" "$controller" "$option"
		same "$(find /sys/fs/cgroup -type d | sort)" "$before"
		check_not test -e "$BATS_TEST_TMPDIR/pid"
		check_not test -e "/run/nsexec/t-limit-$$"
	done <<-END
		--memory=64M memory
		--pids=10 pids
		--cpus=0.5 cpu
	END
}

@test "cgroup v2: a limit whose controller version 1 holds names it and says why" {
	run in_v2 '
		for c in memory pids cpu; do grep -qw $c /sys/fs/cgroup/cgroup.controllers && exit 77; done
		"$0" launch --memory 64M -- true; echo "status $?"
		find /sys/fs/cgroup -name "*nsexec*"'
	[ "$status" != 77 ] || skip "here cgroup v2 has the controllers; tests/vm shows that limits bite"
	same "${lines[-1]}" "status 125"
	has "${lines[0]}" memory
}
