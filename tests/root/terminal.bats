#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A terminal inside: made there, sized, resized, fed, closed, and the user's own brought back.

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

# in_terminal ROWS COLUMNS INPUT COMMAND...: run it in a terminal, feed it, print what it says, exit as it does.
# INPUT is Python: a list of (text to wait for, bytes to send, or "resize", or "kill").
in_terminal() {
	cat >"$BATS_TEST_TMPDIR/in_terminal.py" <<-'END'
		import ast, fcntl, os, pty, select, signal, struct, sys, termios, time
		rows, columns, steps, command = int(sys.argv[1]), int(sys.argv[2]), ast.literal_eval(sys.argv[3]), sys.argv[4:]
		master, slave = pty.openpty()
		fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
		before = termios.tcgetattr(slave)
		pid = os.fork()
		if pid == 0:
		    os.setsid()
		    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
		    for fd in (0, 1, 2):
		        os.dup2(slave, fd)
		    os.close(master)
		    os.execvp(command[0], command)
		data, status, deadline = b"", None, time.monotonic() + 15
		while time.monotonic() < deadline:
		    if select.select([master], [], [], 0.05)[0]:
		        data += os.read(master, 65536)
		    if steps and steps[0][0].encode() in data:
		        _, action = steps.pop(0)
		        if action == "resize":
		            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
		        elif action == "kill":
		            os.kill(pid, signal.SIGKILL)
		        elif action:
		            os.write(master, action.encode("latin-1"))
		    if status is None:
		        done, status_word = os.waitpid(pid, os.WNOHANG)
		        status = os.waitstatus_to_exitcode(status_word) if done else None
		    elif not select.select([master], [], [], 0.2)[0]:
		        break
		for _ in range(20):  # who is killed leaves it to another process
		    if termios.tcgetattr(slave) == before:
		        break
		    time.sleep(0.1)
		else:
		    print("THE TERMINAL IS NOT AS BEFORE")
		sys.stdout.write(data.decode(errors="replace").replace("\r", ""))
		sys.stdout.flush()
		if steps:
		    print("STEPS LEFT", steps)
		sys.exit(99 if status is None else status if status >= 0 else 128 - status)
	END
	timeout 25 python3 "$BATS_TEST_TMPDIR/in_terminal.py" "$@"
}

@test "a terminal is there by default when stdin is one, with the size of the user's" {
	run in_terminal 24 80 '[]' "$NSEXEC" launch -- sh -c 'tty; stty size; echo $TERM'
	same "$status" 0
	has "$output" /dev/pts/0
	has "$output" "24 80"
}

@test "--no-tty gives the descriptors as they are" {
	run in_terminal 24 80 '[]' "$NSEXEC" launch --no-tty -- sh -c 'tty || echo status $?'
	lacks "$output" /dev/pts/0
}

@test "enter makes a terminal in the container" {
	launch --seccomp unconfined -- sleep 1000
	run in_terminal 10 20 '[]' "$NSEXEC" enter "$container" -- sh -c 'tty; stty size; ls /dev/pts; exit 3'
	same "$status" 3
	has "$output" /dev/pts/0
	has "$output" "10 20"
}

@test "a resize is passed on" {
	for verb in launch enter; do
		target=
		if [ $verb = enter ]; then
			launch --seccomp unconfined -- sleep 1000
			target=$container
		fi
		# shellcheck disable=SC2086 # no word without a target
		run in_terminal 24 80 '[("ready", "resize")]' "$NSEXEC" $verb $target -- \
			sh -c 'trap "stty size; exit 7" WINCH; echo ready; while :; do sleep 0.05; done'
		same "$status" 7
		has "$output" "33 99"
	done
}

@test "^C interrupts the program inside, ^D ends its input, nsexec passes the status on" {
	run in_terminal 24 80 '[("ready", "\x03")]' "$NSEXEC" launch -- sh -c 'trap "exit 41" INT; echo ready; while :; do sleep 0.05; done'
	same "$status" 41
	run in_terminal 24 80 '[("ready", "abc\n"), ("got abc", "\x04")]' "$NSEXEC" launch -- \
		sh -c 'echo ready; while read -r line; do echo "got $line"; done; exit 42'
	same "$status" 42
	has "$output" "got abc"
}

@test "the user's terminal is as before: after an exit, a signal, and when nsexec is killed" {
	run in_terminal 24 80 '[]' "$NSEXEC" launch -- sh -c 'stty raw; exit 5'
	same "$status" 5
	lacks "$output" "NOT AS BEFORE"
	run in_terminal 24 80 '[("ready", "kill")]' "$NSEXEC" launch -- sh -c 'echo ready; exec sleep 1000'
	same "$status" 137
	lacks "$output" "NOT AS BEFORE"
	lacks "$output" "STEPS LEFT"
}

@test "the program is the leader of a session with that terminal" {
	# shellcheck disable=SC2016 # the inner shell expands it
	run in_terminal 24 80 '[]' "$NSEXEC" launch -- sh -c 'exec 3</dev/tty && echo controlling; [ "$(cut -d " " -f 6 /proc/$$/stat)" = $$ ] && echo leader'
	has "$output" controlling
	has "$output" leader
}

@test "much output arrives whole, and what comes last too" {
	run in_terminal 24 80 '[]' "$NSEXEC" launch -- sh -c 'seq 20000; echo last'
	same "$status" 0
	same "$(grep -c . <<<"$output")" 20001
	same "$(tail -n 1 <<<"$output")" last
}

@test "--tty without a terminal outside works, --tty with --detach is refused" {
	run timeout 20 "$NSEXEC" launch --tty -- tty </dev/null
	has "$output" /dev/pts/0
	run nsexec launch --tty --detach -- true
	same "$status" 125
	run nsexec launch --tty --no-tty -- true
	same "$status" 125
}

@test "a program without a terminal of its own has none at all" {
	run nsexec launch -- sh -c 'exec 3</dev/tty'
	check test "$status" != 0
}
