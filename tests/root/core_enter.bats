#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `enter` does: targets, namespaces, context. Who is below a seccomp filter may not read that of another process:
# the containers are without one, or entered by their name, and even as if the kernel were old, made as it is.
# core

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

launch_wrap=()

# Options of a container that can be entered by its pid.
open=(--seccomp unconfined)

@test "an enter that succeeds prints nothing and passes 0 on" {
	launch "${open[@]}" -- sleep 1000
	run --separate-stderr nsexec enter "$container" -- true
	same "$status:$output:$stderr" "0::"
}

@test "a TARGET is a pid, pid:N, pid:N:START, a NAME, or pidfd:N" {
	name=t-$BATS_TEST_NUMBER-$$
	launch --name "$name" "${open[@]}" -- sleep 1000
	want=$(ns_of "$container" pid)
	for target in "$container" "pid:$container" "pid:$container:$(start_time "$container")" "$name"; do
		run nsexec enter "$target" -- readlink /proc/self/ns/pid
		same "$output" "$want" "with TARGET $target"
	done
	cat >"$BATS_TEST_TMPDIR/with_pidfd.py" <<-'END'
		import os, sys
		fd = os.pidfd_open(int(sys.argv[1]))
		os.set_inheritable(fd, True)
		os.execvp(sys.argv[2], [word.replace("FD", str(fd)) if word == "pidfd:FD" else word for word in sys.argv[2:]])
	END
	run timeout 20 python3 "$BATS_TEST_TMPDIR/with_pidfd.py" "$container" "${wrap[@]}" "$NSEXEC" enter pidfd:FD -- readlink /proc/self/ns/pid
	same "$output" "$want" "with a pidfd"
}

@test "ns:KIND=PATH enters namespaces without a process" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter "ns:net=/proc/$container/ns/net,uts=/proc/$container/ns/uts" -- sh -c \
		'for n in net uts ipc; do readlink /proc/self/ns/$n; done'
	same "$output" "$(ns_of "$container" net)"$'\n'"$(ns_of "$container" uts)"$'\n'"$(ns_of self ipc)"
}

@test "a process with another start time, or none, is refused" {
	launch "${open[@]}" -- sleep 1000
	start=$(start_time "$container")
	for target in "pid:$container:$((start + 1))" "pid:$container:1" 4194303 pid:4194303; do
		run --separate-stderr nsexec enter "$target" -- sh -c 'echo ran'
		same "$status:$output" "125:" "with TARGET $target"
		same "$(grep -c ^nsexec <<<"$stderr")" 1
	done
	run --separate-stderr nsexec enter no-such-container -- true
	same "$status" 125
	has "$stderr" no-such-container
	run nsexec enter pidfd:99 -- true
	same "$status" 125
}

@test "-t PID:INODE refuses another process (Linux 6.9)" {
	launch "${open[@]}" -- sleep 1000
	inode=$(python3 -c 'import os,sys; print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' "$container" 2>/dev/null) ||
		skip "no pidfds here"
	run nsexec enter -t "$container:$inode" -a true
	same "$status" 0 "$output"
	run nsexec enter -t "$container:$((inode + 1))" -a true
	same "$status" 125
}

@test "by default the whole context of the target is taken: default confinement" {
	name=t-$BATS_TEST_NUMBER-$$
	launch --name "$name" --user 1000:2000 --env FOO=bar --workdir /usr -- sh -c "$tell_and_stay"
	target=$(target_snapshot)
	run nsexec enter "$name" -- sh -c "$snapshot"
	same_context "$target" "$output"
}

@test "by default the whole context of the target is taken: many capabilities and ids" {
	launch "${open[@]}" --cap-add NET_ADMIN --cap-drop KILL --env FOO=bar --ns user=new --uid-map 0:0:70000 --gid-map 0:0:70000 --user 77:88 -- sh -c "$tell_and_stay"
	target=$(target_snapshot)
	run nsexec enter "$container" -- sh -c "$snapshot"
	same_context "$target" "$output"
}

@test "umask, oom_score_adj, groups, inheritable and ambient sets are the target's" {
	launch "${open[@]}" -- setpriv --groups 5,6,7 --inh-caps +chown,+kill --ambient-caps +chown sh -c "
		umask 027; echo 300 >/proc/self/oom_score_adj; cd /usr/bin; $tell_and_stay"
	target=$(target_snapshot)
	has "$target" $'Groups:\t5 6 7'
	has "$target" "oom 300"
	run nsexec enter "$container" -- sh -c "$snapshot"
	same_context "$target" "$output"
}

@test "-a enters the same namespaces as nsenter -a" {
	launch "${open[@]}" -- sleep 1000
	script='for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done'
	want=$(nsenter -t "$container" -a sh -c "$script")
	same "$(nsexec enter -t "$container" -a sh -c "$script")" "$want"
	same "$(nsexec enter "$container" -- sh -c "$script")" "$want"
}

@test "each short option of nsenter chooses its namespace and no other" {
	launch "${open[@]}" --ns time=new -- sleep 1000
	while read -r option kind long; do
		path=/proc/$container/ns/$kind
		for option in "$option" "$option$path" "$option=$path" "$long" "$long=$path"; do
			got=$(nsexec enter -t "$container" "$option" sh -c 'for n in cgroup ipc net time uts; do echo "$n $(readlink /proc/self/ns/$n)"; done') ||
				fail "with $option"
			for other in cgroup ipc net time uts; do
				who=self
				[ "$other" != "$kind" ] || who=$container
				has "$got" "$other $(ns_of $who "$other")" "with $option"
			done
		done
	done <<-END
		-C cgroup --cgroup
		-i ipc --ipc
		-n net --net
		-T time --time
		-u uts --uts
	END
}

@test "-m and -p choose the mount and pid namespaces" {
	launch "${open[@]}" -- sleep 1000
	# procfs of the container does not know a process outside of its pid namespace
	run nsexec enter -t "$container" -m -p readlink /proc/self/ns/mnt
	same "$output" "$(ns_of "$container" mnt)"
	run nsexec enter -t "$container" -p sh -c 'echo $$'
	check test "$output" -lt 100
	run nsexec enter -t "$container" -p readlink /proc/self/ns/mnt
	same "$output" "$(ns_of self mnt)"
}

@test "-U enters the user namespace" {
	launch "${open[@]}" --ns user=new --uid-map 0:100000:1000 --gid-map 0:100000:1000 -- sleep 1000
	run nsexec enter -t "$container" -U readlink /proc/self/ns/user
	same "$status:$output" "0:$(ns_of "$container" user)"
}

@test "-F leaves the program itself outside of the pid namespace" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter -t "$container" -p -F sh -c 'echo $$; readlink /proc/self/ns/pid_for_children'
	same "${lines[1]}" "$(ns_of "$container" pid)"
	check test "${lines[0]}" -gt 100
}

@test "-S and -G set ids" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter -t "$container" -a -S 12 -G 34 sh -c 'id -u; id -g'
	same "$output" $'12\n34'
	run nsexec enter --target "$container" --all --setuid 12 --setgid 34 sh -c 'id -u; id -g'
	same "$output" $'12\n34'
}

@test "-r, -w and -W set the directories" {
	launch "${open[@]}" --workdir /usr -- sleep 1000
	run nsexec enter -t "$container" -a -W /etc pwd
	same "$output" /etc
	run nsexec enter -t "$container" -a --wdns=/etc pwd
	same "$output" /etc
	run nsexec enter -t "$container" -a -r -w pwd
	same "$output" /usr
	make_rootfs
	touch "$rootfs/marker"
	run nsexec enter -t "$container" -n "-r$rootfs" ls /marker
	same "$output" /marker
	run nsexec enter -t "$container" -n "-w$rootfs" ls
	has "$output" marker
	run nsexec enter -t "$container" -n "--root=$rootfs" ls /marker
	same "$output" /marker
	run nsexec enter -t "$container" -n "--wd=$rootfs" ls
	has "$output" marker
}

@test "-e, -c and -Z are accepted and what happens anyhow" {
	launch "${open[@]}" --env FOO=bar -- sleep 1000
	run nsexec enter -t "$container" -a -e -c -Z sh -c 'echo $FOO'
	same "$output" bar
}

@test "--only and --except choose kinds" {
	launch "${open[@]}" -- sleep 1000
	script='for n in net uts ipc; do readlink /proc/self/ns/$n; done'
	run nsexec enter --only net,uts "$container" -- sh -c "$script"
	same "$output" "$(ns_of "$container" net)"$'\n'"$(ns_of "$container" uts)"$'\n'"$(ns_of self ipc)"
	run nsexec enter --except net,network,ipc "$container" -- sh -c "$script"
	same "$output" "$(ns_of self net)"$'\n'"$(ns_of "$container" uts)"$'\n'"$(ns_of self ipc)"
}

@test "--user is the identity, in numbers only" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter --user 11:22 "$container" -- sh -c 'id -u; id -g'
	same "$output" $'11\n22'
	run nsexec enter --user 11 "$container" -- sh -c 'id -u; id -g'
	same "$output" $'11\n0'
	run nsexec enter --user nobody "$container" -- id
	same "$status" 125
}

@test "--cap-add and --cap-drop change the target's capabilities" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter --cap-add SYS_TIME --cap-drop CHOWN "$container" -- grep -E '^Cap(Eff|Bnd)' /proc/self/status
	same "$output" $'CapEff:\t00000000aa0425fa\nCapBnd:\t00000000aa0425fa'
	run nsexec enter --cap-drop ALL "$container" -- grep -E '^Cap(Eff|Bnd)' /proc/self/status
	same "$output" $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000'
}

@test "--keep-caps leaves the caller's capabilities" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter --keep-caps "$container" -- grep ^CapEff /proc/self/status
	same "$output" "$(grep ^CapEff /proc/self/status)"
}

@test "no_new_privs and seccomp are the target's; --no-seccomp leaves the filter out" {
	name=t-$BATS_TEST_NUMBER-$$
	launch --name "$name" -- sleep 1000
	own=$("${wrap[@]}" sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
	run nsexec enter "$name" -- grep -E '^(NoNewPrivs|Seccomp)' /proc/self/status
	same "$output" $'NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t'$((own + 1))
	same "$(nsexec enter --no-seccomp "$name" -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)" "$own"
	[ ${#wrap[@]} != 0 ] || same "$(nsexec enter "$container" -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)" $((own + 1))
	same "$(nsexec enter --no-seccomp "$container" -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)" "$own"
}

@test "the filter of --seccomp FILE is that of enter NAME, too" {
	case $(uname -m) in
	x86_64) number='\x3f' ;;
	*) number='\xa0' ;;
	esac
	printf '\x20\0\0\0\0\0\0\0\x15\0\0\1'$number'\0\0\0\x06\0\0\0\x01\0\5\0\x06\0\0\0\0\0\xff\x7f' >"$BATS_TEST_TMPDIR/filter"
	name=t-$BATS_TEST_NUMBER-$$
	launch --name "$name" --seccomp "$BATS_TEST_TMPDIR/filter" -- sleep 1000
	run nsexec enter "$name" -- uname
	check test "$status" != 0
	run nsexec enter --no-seccomp "$name" -- uname
	same "$status" 0
}

@test "a filter that cannot be had is an error that names --no-seccomp" {
	[ ${#wrap[@]} != 0 ] || skip "here it can be had"
	launch -- sleep 1000
	run --separate-stderr nsexec enter "$container" -- true
	same "$status" 125
	has "$stderr" --no-seccomp
}

@test "the environment is the target's; --env and --clear-env change it" {
	export NSX_X=from-caller
	launch "${open[@]}" --env FOO=bar -- sleep 1000
	run nsexec enter "$container" -- env
	has "$output" FOO=bar
	lacks "$output" NSX_X
	run nsexec enter --env NSX_X --env FOO=baz "$container" -- env
	has "$output" FOO=baz
	has "$output" NSX_X=from-caller
	run nsexec enter --clear-env --env A=1 "$container" -- /usr/bin/env
	same "$output" A=1
}

@test "--workdir is a directory in the container" {
	launch "${open[@]}" -- sh -c 'mkdir /tmp/only-here; exec sleep 1000'
	until_true nsexec enter "$container" -- test -d /tmp/only-here
	run nsexec enter --workdir /tmp/only-here "$container" -- pwd
	same "$output" /tmp/only-here
	run nsexec enter --workdir /no/such "$container" -- pwd
	same "$status" 125
}

@test "the working directory and the root are the target's, also below a chroot" {
	make_rootfs
	mkdir "$rootfs/inner" "$rootfs/inner/deep"
	cp -r "$rootfs/bin" "$rootfs/inner/bin"
	launch "${open[@]}" --cap-add SYS_CHROOT --rootfs "$rootfs" -- sh -c 'exec busybox chroot /inner /bin/sh -c "cd /deep; exec sleep 1000"'
	until_true grep -q sleep "/proc/$container/cmdline"
	run nsexec enter "$container" -- /bin/sh -c 'pwd; ls /'
	same "$output" $'/deep\nbin\ndeep'
}

@test "--fd passes descriptors and closes all others" {
	launch "${open[@]}" -- sleep 1000
	exec 5<<<five 6<<<six
	run nsexec enter --fd 5=6 --fd 6=5 "$container" -- sh -c 'cat <&5; cat <&6; ls /proc/self/fd | wc -l'
	same "$output" $'six\nfive\n6' # 0 1 2 5 6, and that of ls
	run nsexec enter "$container" -- sh -c 'ls /proc/self/fd | wc -l'
	same "$output" 4
	exec 5>&- 6>&-
}

@test "--detach and --pid-file" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter --detach --pid-file "$BATS_TEST_TMPDIR/entered" "$container" -- sh -c 'readlink /proc/self/fd/0; exec sleep 30 >/dev/null 2>&1' 3>&-
	same "$status:$output" "0:/dev/null"
	entered=$(cat "$BATS_TEST_TMPDIR/entered")
	until_true grep -q '^sleep' "/proc/$entered/cmdline"
	same "$(ns_of "$entered" pid)" "$(ns_of "$container" pid)"
	kill -KILL "$entered"
	until_true gone "$entered"
}

@test "exit statuses: the program's, 126, 127, 128 and a signal" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter "$container" -- sh -c 'exit 42'
	same "$status" 42
	run nsexec enter "$container" -- /etc/passwd
	same "$status" 126
	run --separate-stderr nsexec enter "$container" -- /no/such
	same "$status" 127
	has "${stderr_lines[0]}" "nsexec enter: exec: execve of /no/such: "
	# shellcheck disable=SC2016 # the inner shell expands it
	run nsexec enter "$container" -- sh -c 'kill -TERM $$'
	same "$status" 143
}

@test "a signal to nsexec reaches the program" {
	launch "${open[@]}" -- sleep 1000
	background "$NSEXEC" enter "$container" -- sh -c 'trap "exit 44" TERM; echo ready; while :; do sleep 0.05; done'
	until_true grep -q ready "$log"
	kill -TERM "$background"
	wait "$background" && code=0 || code=$?
	same "$code" 44
}

@test "--explain shows pid:N:START and runs nothing" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter --explain "$container" -- touch "$BATS_TEST_TMPDIR/ran"
	same "$status" 0
	has "$output" "pid:$container:$(start_time "$container")"
	check_not test -e "$BATS_TEST_TMPDIR/ran"
}

@test "no COMMAND is /bin/sh" {
	launch "${open[@]}" -- sleep 1000
	run nsexec enter "$container" <<<'echo $0'
	same "$status:$output" "0:/bin/sh"
}

@test "a target whose process 1 has ended is refused" {
	launch "${open[@]}" -- sleep 1000
	kill -STOP "$supervisor"
	kill -KILL "$container"
	until_true gone "$container"
	run nsexec enter "$container" -- true
	same "$status" 125
	kill -CONT "$supervisor"
}
