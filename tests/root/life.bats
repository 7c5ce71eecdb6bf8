#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Life and death: who ends with whom, and what is left.
# timeout: 240

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

no_files() {
	! [ -e "$1" ]
}

# The directory in cgroup v2 that a process is in.
cgroup2_of() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

@test "SIGKILL to nsexec launch ends the program, with and without --init" {
	for option in --no-tty --init; do
		launch "$option" -- sh -c 'sleep 1000 & echo ready; wait'
		until_true grep -q ready "$log"
		kill -KILL "$supervisor"
		until_true 2 gone "$container" || fail "with $option"
	done
}

@test "SIGKILL to nsexec launch ends the program also in the caller's pid namespace and as another user" {
	launch --ns pid=host --user 1000:1000 -- sleep 1000
	kill -KILL "$supervisor"
	until_true 2 gone "$container"
	launch --ns user=new --uid-map 0:100000:65536 --gid-map 0:100000:65536 --user 5:5 -- sleep 1000
	kill -KILL "$supervisor"
	until_true 2 gone "$container"
}

@test "SIGKILL to nsexec enter ends the program, and only that" {
	launch --seccomp unconfined -- sleep 1000
	for options in "--no-tty" "--user 1000:1000" "--only net"; do
		# shellcheck disable=SC2086 # words
		background "$NSEXEC" enter --pid-file "$BATS_TEST_TMPDIR/entered" $options "$container" -- sleep 2000
		until_true test -s "$BATS_TEST_TMPDIR/entered"
		entered=$(cat "$BATS_TEST_TMPDIR/entered")
		until_true grep -q sleep "/proc/$entered/cmdline"
		kill -KILL "$background"
		until_true 2 gone "$entered" || fail "with $options"
		rm "$BATS_TEST_TMPDIR/entered"
	done
	check alive "$container"
}

@test "--detach lives on, in launch and enter" {
	nsexec launch --detach --seccomp unconfined --pid-file "$BATS_TEST_TMPDIR/pid" -- sleep 1000 >/dev/null 2>&1 3>&-
	container=$(cat "$BATS_TEST_TMPDIR/pid")
	nsexec enter --detach --pid-file "$BATS_TEST_TMPDIR/entered" "$container" -- sleep 1000 >/dev/null 2>&1 3>&-
	entered=$(cat "$BATS_TEST_TMPDIR/entered")
	sleep 0.3
	check alive "$container"
	check alive "$entered"
	kill -KILL "$container"
	until_true 2 gone "$container"
	until_true 2 gone "$entered"
}

@test "the container's end ends what entered it, with 137" {
	launch --seccomp unconfined -- sleep 1000
	background "$NSEXEC" enter --pid-file "$BATS_TEST_TMPDIR/entered" "$container" -- sleep 2000
	until_true test -s "$BATS_TEST_TMPDIR/entered"
	kill -KILL "$container"
	wait "$background" && code=0 || code=$?
	same "$code" 137
}

@test "--die-with-parent ends all when the parent of nsexec ends; without, it goes on" {
	for verb in launch enter; do
		for option in --die-with-parent --no-tty; do
			target=
			if [ $verb = enter ]; then
				launch --seccomp unconfined -- sleep 1000
				target=$container
			fi
			rm -f "$BATS_TEST_TMPDIR/pid"
			# shellcheck disable=SC2016 # the inner shell expands it
			background sh -c '"$@" & echo $! >"$0"; wait' "$BATS_TEST_TMPDIR/child" "$NSEXEC" $verb $option \
				--pid-file "$BATS_TEST_TMPDIR/pid" $target -- sleep 2000
			until_true test -s "$BATS_TEST_TMPDIR/pid"
			program=$(cat "$BATS_TEST_TMPDIR/pid")
			until_true grep -q sleep "/proc/$program/cmdline"
			child=$(cat "$BATS_TEST_TMPDIR/child")
			kill -KILL "$background"
			if [ $option = --die-with-parent ]; then
				until_true 2 gone "$program" || fail "$verb: the program lives"
				until_true 2 gone "$child" || fail "$verb: nsexec lives"
			else
				sleep 0.5
				check alive "$program"
				kill -KILL "$child" # its parent is gone, so nobody but us would end it
				until_true 2 gone "$program"
			fi
		done
	done
}

@test "a killed nsexec leaves no name for longer than a second" {
	name=t-life-$BATS_TEST_NUMBER-$$
	launch --name "$name" -- sleep 1000
	check test -d "/run/nsexec/$name"
	kill -KILL "$supervisor"
	until_true 2 gone "$container"
	until_true 1 no_files "/run/nsexec/$name"
}

@test "a detached container's name goes with it" {
	name=t-life-$BATS_TEST_NUMBER-$$
	nsexec launch --detach --name "$name" --pid-file "$BATS_TEST_TMPDIR/pid" -- sleep 1000 >/dev/null 2>&1 3>&-
	container=$(cat "$BATS_TEST_TMPDIR/pid")
	run nsexec ls
	has "$output" "$name"
	kill -KILL "$container"
	until_true 2 no_files "/run/nsexec/$name"
}

@test "when the keeper is killed, too, the next nsexec command removes the name" {
	name=t-life-$BATS_TEST_NUMBER-$$
	launch --name "$name" -- sleep 1000
	keeper=$(pgrep -f "^nsexec-keeper .*/run/nsexec/$name ") || fail "there is no process that would clean up"
	kill -KILL "$keeper" # it has our name among its arguments
	kill -KILL "$supervisor"
	until_true 2 gone "$container"
	run nsexec ls
	lacks "$output" "$name"
	check_not test -e "/run/nsexec/$name"
}

@test "what a killed machine left below the run directory is no container" {
	name=t-life-$BATS_TEST_NUMBER-$$
	launch --name "$name" -- sleep 1000
	mkdir "/run/nsexec/$name-old"
	sed 's/^start .*/start 1/; s/^supervisor-start .*/supervisor-start 1/' "/run/nsexec/$name/state" >"/run/nsexec/$name-old/state"
	run nsexec enter "$name-old" -- true
	same "$status" 125
	run nsexec ls
	has "$output" "$name "
	lacks "$output" "$name-old"
	check_not test -e "/run/nsexec/$name-old"
	run nsexec launch --name "$name-old" -- true
	same "$status" 0
}

@test "without --name and limits there is no file and no cgroup of ours" {
	before=$(find /sys/fs/cgroup -type d | sort)
	files=$(find /run -xdev -newer /proc/self/stat 2>/dev/null | grep nsexec || :)
	launch -- sleep 1000
	same "$(find /sys/fs/cgroup -type d | sort)" "$before"
	same "$(find /run -xdev -newer /proc/self/stat 2>/dev/null | grep nsexec || :)" "$files"
}

@test "a program that ends at once does so with its status, however often" {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		run nsexec launch -- sh -c "exit $i"
		same "$status" "$i"
	done
}

@test "a stopped program is not an ended one" {
	launch -- sleep 1000
	kill -STOP "$container"
	sleep 0.2
	check alive "$supervisor"
	kill -CONT "$container"
	kill -KILL "$container"
	wait "$supervisor" && code=0 || code=$?
	same "$code" 137
}

@test "nsexec whose stdin, stdout and stderr are closed starts the program all the same" {
	run timeout 20 sh -c '"$0" launch -- true <&- >&- 2>&-' "$NSEXEC"
	same "$status" 0
	launch --seccomp unconfined -- sleep 1000
	run timeout 20 sh -c '"$0" enter "$1" -- true <&- >&- 2>&-' "$NSEXEC" "$container"
	same "$status" 0
}

@test "a caller that ignores SIGPIPE or SIGCHLD or blocks signals does not give that to the program" {
	# what else the caller ignores stays ignored, as with nohup(1): only these two are looked at
	run timeout 20 env --ignore-signal=PIPE,CHLD "$NSEXEC" launch -- sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status
	same "$((0x$output & 0x11000))" 0
	run timeout 20 env --block-signal=TERM,USR1 "$NSEXEC" launch -- sed -n 's/^SigBlk:[[:space:]]*//p' /proc/self/status
	same "$output" 0000000000000000
}

@test "a caller that ignores SIGCHLD gets the exit status" {
	run timeout 20 env --ignore-signal=CHLD "$NSEXEC" launch -- sh -c 'exit 6'
	same "$status" 6
}

# hold CALL OPTION...: nsexec, whose first process stands still in a system call; sets $held and $entering.
hold() {
	local call=$1 program=$BATS_FILE_TMPDIR/hold-call
	shift
	[ -x "$program" ] || cc -O1 -Wall -D_GNU_SOURCE -o "$program" "$BATS_TEST_DIRNAME/hold_call.c"
	background "$program" "$call" "$NSEXEC" "$@"
	until_true grep -q held "$log"
	held=$(sed -n 's/^held //p' "$log")
	entering=$(sed -n 's/^child //p' "$log")
}

# ended SIGNAL: nsexec has been, and the process that stood still
ended() {
	until_true 5 gone "$background" || fail "SIG$1"
	same "$(wait "$background" || echo "$?")" "$((128 + $(kill -l "$1")))"
	until_true 2 gone "$held"
}

@test "TERM, HUP and KILL end nsexec while it starts the program, and nothing stays" {
	local sig held entering chroot=161 pivot_root=155
	[ "$(uname -m)" = x86_64 ] || { chroot=51 pivot_root=41; }
	launch --seccomp unconfined -- sleep 1000
	for sig in TERM HUP KILL; do
		hold "$chroot" enter --no-tty "$container" -- sleep 2000
		kill -s "$sig" "$entering"
		ended "$sig"
	done
	for sig in TERM HUP; do
		hold "$chroot" enter --no-tty --pid-file "$BATS_TEST_TMPDIR/entered" "$container" -- sleep 2000
		kill -s "$sig" "$entering"
		ended "$sig"
		hold "$pivot_root" launch --no-tty --pid-file "$BATS_TEST_TMPDIR/entered" --name held -- sleep 2000
		kill -s "$sig" "$entering"
		ended "$sig"
	done
	same "$(find "$BATS_TEST_TMPDIR" -name 'entered*'; nsexec ls)" ""
}

@test "the death of a process that stands still in the start is noticed" {
	local held entering
	launch --seccomp unconfined -- sleep 1000
	hold "$([ "$(uname -m)" = x86_64 ] && echo 161 || echo 51)" enter --no-tty "$container" -- sleep 2000
	kill -KILL "$held"
	until_true 5 gone "$background"
	same "$(wait "$background" || echo "$?")" 125
	grep -q 'helper process, which was killed' "$log.err"
}
