#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `launch` for an unprivileged user: with one id, and with subordinate ids (NSX_SUBIDS).

load ../helpers

setup_file() {
	[ "$(id -u)" != 0 ] || skip "root; tests/userns/as-user runs it as somebody else"
	unshare -U true 2>/dev/null || skip "this user may not make user namespaces"
}

@test "nothing is needed: no options, no HOME, no SHELL, no run directory" {
	run --separate-stderr timeout 20 env -i "$NSEXEC" launch -- /bin/true
	same "$status:$output:$stderr" "0::"
}

@test "the caller is 0 inside" {
	run nsexec launch -- sh -c 'id -u; id -g'
	same "$output" $'0\n0'
}

@test "the default map is the caller's ids alone, as 0" {
	run nsexec launch -- cat /proc/self/uid_map /proc/self/gid_map
	same "$(tr -s ' ' <<<"${lines[0]}")" " 0 $(id -u) 1"
	same "$(tr -s ' ' <<<"${lines[1]}")" " 0 $(id -g) 1"
	run nsexec launch -- cat /proc/self/setgroups
	same "$output" deny
}

@test "all namespaces are new but time" {
	inside=$(nsexec launch -- sh -c 'for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done')
	for kind in $kinds; do
		id=$(ns_of self "$kind")
		case $kind in
		time) has "$inside" "$id" ;;
		*) lacks "$inside" "$id" "$kind is the caller's" ;;
		esac
	done
	same "$(wc -l <<<"$inside")" 8
}

@test "the capabilities are the fourteen, in the new user namespace; a filter; no_new_privs" {
	run nsexec launch -- grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
	same "$output" $'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2'
}

@test "the default root: touch works in /etc and /tmp, the host's private places are empty" {
	run nsexec launch -- touch /etc/x /tmp/x /usr/x /root/x /run/x
	same "$status" 0 "$output"
	check_not test -e /etc/x
	run nsexec launch -- sh -c 'ls -A /tmp /var/tmp /run /root /home /mnt /srv | grep -v : | grep .'
	same "$output" ""
	for file in /etc/shadow /etc/gshadow; do
		run nsexec launch -- cat $file
		same "$output" ""
	done
}

@test "/proc /sys /dev work, hostname and lo too" {
	run nsexec launch --hostname inner -- sh -c 'hostname; ls /sys/class/net; cat /sys/class/net/lo/flags; head -c 2 /dev/zero | od -An -tx1; echo $$; echo x >/dev/null'
	same "$output" $'inner\nlo\n0x9\n 00 00\n1'
}

@test "a terminal can be made" {
	run timeout 20 "$NSEXEC" launch --tty -- tty </dev/null
	has "$output" /dev/pts/0
}

@test "--rootfs of one's own" {
	make_rootfs
	run nsexec launch --rootfs "$rootfs" -- sh -c 'id -u; touch /etc/made; ls /'
	same "${lines[0]}" 0
	check test -e "$rootfs/etc/made"
	run nsexec launch --rootfs "$rootfs" --read-only -- touch /etc/refused
	check test "$status" != 0
}

@test "--bind and --tmpfs, writable as the caller may, ro as asked" {
	mkdir "$BATS_TEST_TMPDIR/data"
	run nsexec launch --bind "$BATS_TEST_TMPDIR/data:/mnt" --tmpfs /srv:size=1M -- touch /mnt/x /srv/y
	same "$status" 0 "$output"
	check test -e "$BATS_TEST_TMPDIR/data/x"
	run nsexec launch --bind "$BATS_TEST_TMPDIR/data:/mnt:ro" -- touch /mnt/y
	check test "$status" != 0
	run nsexec launch --bind /usr:/mnt -- ls /mnt/bin/env
	same "$status" 0 "$output"
}

@test "what the user may not read he does not get, whatever is mapped" {
	for options in "" "--cap-add ALL"; do
		# shellcheck disable=SC2086 # words
		run nsexec launch $options --bind /etc:/mnt -- cat /mnt/shadow
		check test "$status" != 0
		lacks "$output" root:
	done
}

@test "--uid-map of the own id to another; of ids that are not one's own is refused" {
	run nsexec launch --uid-map "1000:$(id -u):1" --gid-map "1000:$(id -g):1" --user 1000:1000 -- id -u
	same "$status:$output" 0:1000
	run --separate-stderr nsexec launch --uid-map 0:0:1 -- true
	same "$status:$output" "125:"
	run --separate-stderr nsexec launch --uid-map 0:100000:1000 -- true
	same "$status" 125
}

@test "a range of subordinate ids works through newuidmap where there is one, and is refused where not" {
	if [ "$NSX_SUBIDS" = without ]; then
		run --separate-stderr nsexec launch --uid-map "0:$(id -u):1" --uid-map 1:165536:1000 -- true
		same "$status" 125
		same "$(grep -c ^nsexec <<<"$stderr")" 1
		return
	fi
	first=$(sed -n "s/^$(id -un):\([0-9]*\):.*/\1/p; s/^$(id -u):\([0-9]*\):.*/\1/p" /etc/subuid | head -n 1)
	run nsexec launch --uid-map "0:$(id -u):1" --uid-map "1:$first:1000" --gid-map "0:$(id -g):1" --gid-map "1:$first:1000" -- \
		sh -c 'cat /proc/self/uid_map; touch /tmp/x && chown 5:6 /tmp/x && stat -c %u:%g /tmp/x; cat /proc/self/setgroups'
	same "$status" 0 "$output"
	same "$(tr -s ' ' <<<"${lines[1]}")" " 1 $first 1000"
	same "${lines[2]}" 5:6
	same "${lines[3]}" allow
	run nsexec launch --uid-map "0:$(id -u):1" --uid-map "1:$first:1000" --gid-map "0:$(id -g):1" --gid-map "1:$first:1000" --user 7:8 -- sh -c 'id -u; id -g'
	same "$output" $'7\n8'
}

@test "--user of an id that is not mapped is an error" {
	run --separate-stderr nsexec launch --user 5 -- true
	same "$status:$output" "125:"
}

@test "limits, foreign namespaces and other things of root are errors, not omissions" {
	run nsexec launch --memory 64M -- true
	same "$status" 125
	run nsexec launch --ns net=/proc/1/ns/net -- true
	same "$status" 125
	run nsexec launch --ns user=host -- true
	same "$status" 125
	run nsexec launch --rlimit NOFILE=1000:99999999 -- true
	same "$status" 125
}

@test "--name needs a run directory, and works with one" {
	unset XDG_RUNTIME_DIR
	run --separate-stderr nsexec launch --name "u$$" -- true
	same "$status" 125
	has "$stderr" XDG_RUNTIME_DIR
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	run nsexec launch -- true
	check_not test -e "$XDG_RUNTIME_DIR/nsexec"
	launch --name "u$$" -- sleep 1000
	run nsexec ls
	has "$output" "u$$"
	run --separate-stderr nsexec enter "u$$" -- readlink /proc/self/ns/user
	same "$output" "$(ns_of "$container" user)"
	kill -KILL "$supervisor"
	until_true 2 gone "$container"
	gone_dir() { ! [ -e "$XDG_RUNTIME_DIR/nsexec" ]; }
	until_true 2 gone_dir
}

@test "SIGKILL to nsexec ends the program" {
	launch -- sleep 1000
	kill -KILL "$supervisor"
	until_true 2 gone "$container"
}

@test "a container in a container" {
	run nsexec launch --privileged --bind "$NSEXEC:/tmp/nsexec" -- /tmp/nsexec launch -- sh -c 'id -u; echo $$'
	same "$status:$output" $'0:0\n1'
}

@test "the exit statuses are the same as for root" {
	run nsexec launch -- sh -c 'exit 42'
	same "$status" 42
	run -127 nsexec launch -- /no/such
	run -126 nsexec launch -- /etc/passwd
	run -143 nsexec launch --init -- sh -c 'kill -TERM $$'
}

@test "the caller's own program file is safe: what runs inside cannot write it" {
	cp "$NSEXEC" "$BATS_TEST_TMPDIR/nsexec"
	before=$(sha256sum <"$BATS_TEST_TMPDIR/nsexec")
	run timeout 20 "$BATS_TEST_TMPDIR/nsexec" launch --init -- sh -c 'for p in /proc/[0-9]*; do case $(readlink $p/exe) in */nsexec*) (echo x >>$p/exe) 2>/dev/null && echo "wrote $p" ;; esac; done; true'
	same "$(sha256sum <"$BATS_TEST_TMPDIR/nsexec")" "$before"
	same "$output" ""
}

@test "the clocks of a new time namespace are the user's to set" {
	read -r before _ </proc/uptime
	run nsexec launch --time-offset boottime=100000 -- sh -c 'cat /proc/self/timens_offsets; cat /proc/uptime'
	same "$status" 0 "$output"
	same "$(tr -s ' ' <<<"${lines[1]}")" "boottime 100000 0"
	[ "${lines[2]%%.*}" -ge $((${before%%.*} + 100000)) ] || fail "$before, inside $output"
}
