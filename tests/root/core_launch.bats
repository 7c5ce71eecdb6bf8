#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `launch` does, seen from inside and from outside: what must work on every kernel.
# core

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

@test "a launch that succeeds prints nothing and passes 0 on" {
	run --separate-stderr nsexec launch -- true
	same "$status:$output:$stderr" "0::"
}

@test "all namespaces are new but user and time" {
	inside=$(nsexec launch -- sh -c 'for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done')
	for kind in $kinds; do
		id=$(ns_of self "$kind")
		case $kind in
		user | time) has "$inside" "$id" "$kind is not the caller's" ;;
		*) lacks "$inside" "$id" "$kind is the caller's" ;;
		esac
	done
	same "$(wc -l <<<"$inside")" 8
}

@test "the program is process 1 and sees only its own" {
	# shellcheck disable=SC2016 # the inner shell expands it
	run nsexec launch -- sh -c 'echo $$; set -- /proc/[0-9]*; echo $#'
	same "$output" $'1\n1'
}

@test "the exit status is the program's" {
	for code in 0 1 42 255; do
		run nsexec launch -- sh -c "exit $code"
		same "$status" "$code"
	done
}

@test "a program killed by a signal gives 128 and the signal" {
	run nsexec launch --init -- sh -c 'kill -TERM $$'
	same "$status" 143
	run nsexec launch --init -- sh -c 'kill -KILL $$'
	same "$status" 137
}

@test "what is not there gives 127, and one error line" {
	run --separate-stderr nsexec launch -- /no/such/program
	same "$status" 127
	has "${stderr_lines[0]}" "nsexec launch: exec: execve of /no/such/program: "
	run --separate-stderr nsexec launch -- no-such-program
	same "$status" 127
	has "${stderr_lines[0]}" "nsexec launch: exec: execve of no-such-program: "
}

@test "what cannot be executed gives 126" {
	run --separate-stderr nsexec launch -- /etc/passwd
	same "$status" 126
	has "${stderr_lines[0]}" "nsexec launch: exec: execve of /etc/passwd: "
	run nsexec launch -- /etc
	same "$status" 126
}

@test "a script whose interpreter is missing gives 126" {
	printf '#!/no/such/interpreter\n' >"$BATS_TEST_TMPDIR/script"
	chmod 755 "$BATS_TEST_TMPDIR/script"
	run --separate-stderr nsexec launch --bind "$BATS_TEST_TMPDIR/script:/tmp/script" -- /tmp/script
	same "$status" 126 "$stderr"
}

@test "--rootfs makes a directory the root" {
	make_rootfs
	echo here >"$rootfs/etc/marker"
	run nsexec launch --rootfs "$rootfs" -- cat /etc/marker
	same "$output" here
	run nsexec launch --rootfs "$rootfs" -- ls /..
	lacks "$output" work
}

@test "--rootfs takes a relative path" {
	make_rootfs
	echo here >"$rootfs/etc/marker"
	cd "$BATS_TEST_TMPDIR"
	run nsexec launch --rootfs rootfs -- cat /etc/marker
	same "$output" here
	run nsexec launch --rootfs ./rootfs/ -- cat /etc/marker
	same "$output" here
}

@test "a rootfs without /proc, /sys and /dev gets these and nothing else" {
	make_rootfs
	rmdir "$rootfs/proc" "$rootfs/sys" "$rootfs/dev"
	before=$(cd "$rootfs" && find . | sort)
	run nsexec launch --rootfs "$rootfs" -- sh -c 'ls /proc/1/status /dev/null'
	same "$status" 0 "$output"
	same "$(cd "$rootfs" && find . | sort)" "$(printf '%s\n./dev\n./proc\n./sys\n' "$before" | sort)"
}

@test "in a chroot it is said what to do, and with that done it works" {
	make_rootfs
	in_chroot() { # BIND: the root to itself before
		# shellcheck disable=SC2016 # the inner shell expands it
		unshare --mount --propagation private bash -c '
			[ -z "$1" ] || mount --bind "$2" "$2" || exit 1
			mkdir -p "$2/proc" "$2/dev" "$2/sys" && mount --rbind /proc "$2/proc" && mount --rbind /dev "$2/dev" &&
				mount --rbind /sys "$2/sys" && touch "$2/nsexec" && mount --bind "$3" "$2/nsexec" || exit 1
			exec chroot "$2" /nsexec launch -- true' bash "$1" "$rootfs" "$NSEXEC"
	}
	run --separate-stderr in_chroot ""
	same "$status" 125
	has "$stderr" "mount(MS_PRIVATE) of /: Invalid argument"
	has "$stderr" "hint: the root directory is no mount point, as in a chroot"
	run in_chroot bind
	same "$status" 0 "$output"
}

@test "with --read-only a rootfs without /proc is refused and not changed" {
	make_rootfs
	rmdir "$rootfs/proc"
	run nsexec launch --rootfs "$rootfs" --read-only -- true
	same "$status" 125
	check_not test -e "$rootfs/proc"
}

@test "--read-only makes the root read-only" {
	make_rootfs
	run nsexec launch --rootfs "$rootfs" --read-only -- touch /etc/x
	check test "$status" != 0
	check_not test -e "$rootfs/etc/x"
	run nsexec launch --rootfs "$rootfs" -- touch /etc/x
	same "$status" 0
	check test -e "$rootfs/etc/x"
	run nsexec launch --read-only -- touch /etc/x
	check test "$status" != 0
	run nsexec launch --read-only -- touch /x
	check test "$status" != 0
}

@test "a rootfs that is missing or no directory is an error" {
	for path in "$BATS_TEST_TMPDIR/nothing" /etc/passwd; do
		run --separate-stderr nsexec launch --rootfs "$path" -- true
		same "$status" 125
		has "$stderr" "$path"
	done
}

@test "--hostname sets the host name, and the host keeps its own" {
	own=$(hostname)
	run nsexec launch --hostname other-host -- hostname
	same "$output" other-host
	same "$(hostname)" "$own"
}

@test "the host name is that of --name without --hostname" {
	run nsexec launch --name "t-$BATS_TEST_NUMBER-$$" -- hostname
	same "$output" "t-$BATS_TEST_NUMBER-$$"
}

@test "--user sets user and group id, without groups" {
	run nsexec launch --user 1234:5678 -- sh -c 'id -u; id -g; id -G'
	same "$output" $'1234\n5678\n5678'
	run nsexec launch --user 010:011 -- sh -c 'id -u; id -g' # decimal, whatever it begins with
	same "$output" $'10\n11'
	run nsexec launch --user 1234 -- sh -c 'id -u; id -g'
	same "$output" $'1234\n0'
	run nsexec launch --user 1234 -- grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status
	same "$output" $'CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000'
}

@test "--ns KIND=host keeps the caller's namespace" {
	for kind in pid net ipc uts cgroup user time; do
		run nsexec launch --ns $kind=host -- readlink /proc/self/ns/$kind
		same "$output" "$(ns_of self $kind)"
	done
}

@test "--ns KIND=new makes user and time namespaces" {
	for kind in user time; do
		run nsexec launch --ns $kind=new -- readlink /proc/self/ns/$kind
		same "$status" 0 "$output"
		check test "$output" != "$(ns_of self $kind)"
	done
}

@test "--ns KIND=PATH joins a namespace, also by its long name" {
	launch -- sleep 1000
	for kind in net ipc uts; do
		run nsexec launch --ns "$kind=/proc/$container/ns/$kind" -- readlink /proc/self/ns/$kind
		same "$output" "$(ns_of "$container" $kind)"
	done
	run nsexec launch --ns "network=/proc/$container/ns/net" -- readlink /proc/self/ns/net
	same "$output" "$(ns_of "$container" net)"
	run nsexec launch --net "/proc/$container/ns/net" -- readlink /proc/self/ns/net
	same "$output" "$(ns_of "$container" net)"
}

@test "--ns KIND=PATH of another kind is an error" {
	run nsexec launch --ns net=/proc/self/ns/uts -- true
	same "$status" 125
	run nsexec launch --ns net=/proc/self/ns/missing -- true
	same "$status" 125
	run nsexec launch --ns net=/etc/passwd -- true
	same "$status" 125
}

@test "--net none has lo, up, and nothing else; so has the default" {
	for option in "--net=none" "--no-tty"; do
		run nsexec launch "$option" -- sh -c 'ls /sys/class/net; cat /sys/class/net/lo/flags; ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 || :'
		same "${lines[0]}" lo
		check test $((lines[1] & 1)) = 1
		same "${#lines[@]}" 2
	done
}

@test "--net host is the caller's network" {
	run nsexec launch --net host -- readlink /proc/self/ns/net
	same "$output" "$(ns_of self net)"
}

@test "--bind shows a directory and a file, writable and by OPTIONS read-only" {
	mkdir "$BATS_TEST_TMPDIR/data"
	echo content >"$BATS_TEST_TMPDIR/data/file"
	run nsexec launch --bind "$BATS_TEST_TMPDIR/data:/mnt" -- sh -c 'cat /mnt/file; echo new >/mnt/new'
	same "$status:$output" "0:content"
	same "$(cat "$BATS_TEST_TMPDIR/data/new")" new
	run nsexec launch --bind "$BATS_TEST_TMPDIR/data:/mnt:ro" -- touch /mnt/refused
	check test "$status" != 0
	check_not test -e "$BATS_TEST_TMPDIR/data/refused"
	run nsexec launch --bind "$BATS_TEST_TMPDIR/data/file:/tmp/file:ro" -- cat /tmp/file
	same "$output" content
}

@test "--bind applies nosuid, nodev, noexec and noatime" {
	run nsexec launch --bind /usr:/mnt:ro,nosuid,nodev,noexec,noatime -- sed -n 's|^[^ ]* /mnt [^ ]* \([^ ]*\) .*|\1|p' /proc/mounts
	for word in ro nosuid nodev noexec noatime; do
		has ",$output," ",$word,"
	done
	run nsexec launch --bind /usr:/mnt:noexec -- /mnt/bin/true
	same "$status" 126
}

@test "--bind with ro holds for mounts below the source, bind leaves them out" {
	mkdir "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/data/sub"
	# shellcheck disable=SC2016 # the inner shell expands it
	script='mount -t tmpfs below "$1/sub" && echo x >"$1/sub/file" && shift && exec "$@"'
	run unshare -m --propagation private sh -c "$script" sh "$BATS_TEST_TMPDIR/data" \
		timeout 20 "${wrap[@]}" "$NSEXEC" launch --bind "$BATS_TEST_TMPDIR/data:/mnt:ro" -- sh -c 'cat /mnt/sub/file; touch /mnt/sub/refused'
	# an old kernel can not make what is below read-only: then it is left out
	[ -n "${NSX_OLD_KERNEL:-}" ] || has "$output" x
	check test "$status" != 0
	run unshare -m --propagation private sh -c "$script" sh "$BATS_TEST_TMPDIR/data" \
		timeout 20 "${wrap[@]}" "$NSEXEC" launch --bind "$BATS_TEST_TMPDIR/data:/mnt:bind" -- ls /mnt/sub
	same "$status:$output" "0:"
}

@test "--bind takes a relative SRC" {
	mkdir "$BATS_TEST_TMPDIR/data"
	touch "$BATS_TEST_TMPDIR/data/marker"
	cd "$BATS_TEST_TMPDIR"
	run nsexec launch --bind data:/mnt -- ls /mnt
	same "$output" marker
	run nsexec launch --bind ./data:/mnt -- ls /mnt
	same "$output" marker
}

@test "--bind onto what is missing in a rootfs is refused, and nothing is made there" {
	make_rootfs
	before=$(cd "$rootfs" && find . | sort)
	for target in /missing /etc/missing; do
		run --separate-stderr nsexec launch --rootfs "$rootfs" --bind "/usr:$target" -- true
		same "$status" 125
		has "$stderr" "$target"
	done
	run nsexec launch --rootfs "$rootfs" --tmpfs /missing -- true
	same "$status" 125
	same "$(cd "$rootfs" && find . | sort)" "$before"
}

@test "--tmpfs makes an empty file system with OPTIONS" {
	run nsexec launch --tmpfs /mnt:size=64k,mode=701 -- sh -c 'stat -c %a /mnt; stat -f -c %T /mnt; ls /mnt; dd if=/dev/zero of=/mnt/x bs=1k count=100 2>/dev/null; echo $?'
	same "$output" $'701\ntmpfs\n1'
	run nsexec launch --tmpfs /mnt -- sed -n 's|^[^ ]* /mnt tmpfs \([^ ]*\) .*|\1|p' /proc/mounts
	has ",$output," ,nosuid,
	has ",$output," ,nodev,
	run nsexec launch --tmpfs /mnt:size=nonsense -- true
	same "$status" 125
}

@test "--env sets, passes on and leaves out; --clear-env clears" {
	export NSX_X=from-caller
	run nsexec launch --env A=1 --env NSX_X --env NSX_UNSET --env B= --env C=a=b -- env
	has "$output" "A=1"
	has "$output" "NSX_X=from-caller"
	has "$output" "C=a=b"
	check grep -qx 'B=' <<<"$output"
	lacks "$output" NSX_UNSET
	run nsexec launch -- env
	lacks "$output" NSX_X
	run nsexec launch --clear-env --env A=1 -- /usr/bin/env
	same "$output" A=1
	run nsexec launch --clear-env -- /usr/bin/env
	same "$output" ""
	run nsexec launch --env A=1 --env A=2 -- env
	same "$(grep '^A=' <<<"$output")" A=2
}

@test "--workdir sets the working directory; one that is missing is an error" {
	run nsexec launch --workdir /usr/bin -- pwd
	same "$output" /usr/bin
	run nsexec launch -- pwd
	same "$output" /
	run --separate-stderr nsexec launch --workdir /no/such -- pwd
	same "$status:$output" "125:"
	has "$stderr" /no/such
}

@test "the default capabilities are the fourteen of container engines" {
	run nsexec launch -- grep -E '^(Cap|NoNewPrivs)' /proc/self/status
	same "$output" $'CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1'
}

@test "--cap-add and --cap-drop change them, with or without CAP_, in any case, ALL" {
	run nsexec launch --cap-add NET_ADMIN,cap_sys_time --cap-drop kill -- grep -E '^Cap(Eff|Bnd)' /proc/self/status
	same "$output" $'CapEff:\t00000000aa0435db\nCapBnd:\t00000000aa0435db'
	run nsexec launch --cap-drop ALL -- grep -E '^Cap(Eff|Bnd)' /proc/self/status
	same "$output" $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000'
	run nsexec launch --cap-drop ALL --cap-add CHOWN -- grep -E '^Cap(Eff|Bnd)' /proc/self/status
	same "$output" $'CapEff:\t0000000000000001\nCapBnd:\t0000000000000001'
}

@test "a capability that the caller has not is an error with --cap-add" {
	grep -q '^CapBnd:.*000001ffffffffff' /proc/self/status && skip "the caller has all capabilities"
	missing=$(grep '^CapEff' /proc/self/status | cut -f 2)
	(((0x$missing >> 24) & 1)) && skip "the caller has CAP_SYS_RESOURCE"
	run --separate-stderr nsexec launch --cap-add SYS_RESOURCE -- true
	same "$status" 125
}

@test "--cap-add ALL gives all that the caller has" {
	run nsexec launch --cap-add ALL -- grep ^CapEff /proc/self/status
	same "$output" "$(grep ^CapEff /proc/self/status)"
}

@test "--privileged gives all capabilities, no filter, and hides nothing" {
	run nsexec launch --privileged -- grep -E '^(CapEff|NoNewPrivs)' /proc/self/status
	same "$output" "$(grep -E ^CapEff /proc/self/status)"$'\nNoNewPrivs:\t0'
	filters=$("${wrap[@]}" sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
	run nsexec launch --privileged -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status
	same "$output" "${filters:-0}"
	run nsexec launch --privileged -- grep -c ' /proc/' /proc/mounts
	same "$output" 0
}

@test "masked paths read as empty, read-only ones refuse to be written" {
	run nsexec launch -- sh -c 'cat /proc/timer_list /proc/keys; ls /proc/acpi /sys/firmware'
	lacks "$output" nsecs
	run nsexec launch -- sh -c 'echo 1 >/proc/sys/kernel/domainname'
	check test "$status" != 0
	has "$output" "ead-only"
	run nsexec launch -- sh -c 'echo b >/proc/sysrq-trigger'
	check test "$status" != 0
}

@test "paths are covered in what --bind puts in the place of /proc, /sys and /dev, too" {
	run nsexec launch --net host --bind /sys:/sys --bind /proc:/proc --bind /dev:/dev -- \
		sh -c 'ls -A /sys/firmware /proc/acpi; cat /proc/keys; ls -A /dev/.empty 2>/dev/null; echo end'
	same "$status" 0
	same "$output" "$(printf '/proc/acpi:\n\n/sys/firmware:\nend')"
	[ ! -e /dev/.empty ]
}

@test "--seccomp default filters, unconfined does not" {
	filters=$("${wrap[@]}" sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
	run nsexec launch -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status
	same "$output" $((${filters:-0} + 1))
	run nsexec launch --seccomp default -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status
	same "$output" $((${filters:-0} + 1))
	run nsexec launch --seccomp unconfined -- sed -n 's/^Seccomp_filters:\t//p' /proc/self/status
	same "$output" "${filters:-0}"
	run nsexec launch -- setarch -R true # personality(2) with an unusual argument
	check test "$status" != 0
	run nsexec launch --seccomp unconfined -- setarch -R true
	same "$status" 0 "$output"
}

@test "--seccomp FILE is that filter" {
	# uname(2), 63 on x86-64 and 160 on aarch64: EPERM; everything else is allowed
	case $(uname -m) in
	x86_64) number='\x3f' ;;
	*) number='\xa0' ;;
	esac
	printf '\x20\0\0\0\0\0\0\0\x15\0\0\1'$number'\0\0\0\x06\0\0\0\x01\0\5\0\x06\0\0\0\0\0\xff\x7f' >"$BATS_TEST_TMPDIR/filter"
	run nsexec launch --seccomp "$BATS_TEST_TMPDIR/filter" -- sh -c 'uname && exit 9; cat /proc/self/status >/dev/null'
	same "$status" 0 "$output"
	run nsexec launch -- uname
	same "$status" 0
}

@test "--rlimit sets soft and hard limits" {
	run nsexec launch --rlimit NOFILE=100:200 --rlimit core=0 --rlimit RLIMIT_FSIZE=1M:unlimited -- \
		sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c; grep "Max file size" /proc/self/limits'
	same "${lines[0]} ${lines[1]} ${lines[2]}" "100 200 0"
	has "${lines[3]}" 1048576
	run nsexec launch --rlimit NOFILE=64 -- sh -c 'ulimit -Sn; ulimit -Hn'
	same "$output" $'64\n64'
}

@test "--time-offset shifts the clocks" {
	run nsexec launch --time-offset boottime=86400000 -- cut -d . -f 1 /proc/uptime
	check test "$output" -ge 86400000
	run nsexec launch --time-offset monotonic=1000.5 --time-offset boottime=0 -- cat /proc/self/timens_offsets
	same "$(tr -s ' ' <<<"${lines[0]}")" "monotonic 1000 500000000"
	run nsexec launch --time-offset monotonic=-1.5 -- cat /proc/self/timens_offsets
	[ "$status" = 0 ] && same "$(tr -s ' ' <<<"${lines[0]}")" "monotonic -2 500000000"
}

@test "--init reaps orphans and is process 1" {
	# shellcheck disable=SC2016 # the inner shell expands it
	run nsexec launch --init -- sh -c '[ $$ != 1 ] || exit 9
		(sleep 0.1 &) ; sleep 0.5
		for s in /proc/[0-9]*/status; do grep -H "^State:.*zombie" $s; done; exit 7'
	same "$status:$output" "7:"
}

@test "--init passes the status and signals on" {
	launch --init -- sh -c 'trap "echo got; exit 33" TERM; echo ready; while :; do sleep 0.05; done'
	until_true grep -q ready "$log"
	kill -TERM "$supervisor"
	wait "$supervisor" && code=0 || code=$?
	same "$code" 33
	same "$(cat "$log")" $'ready\ngot'
}

@test "signals to nsexec end a program that does not catch them" {
	for options in "--init" "--no-tty"; do
		launch $options -- sleep 1000
		kill -TERM "$supervisor"
		wait "$supervisor" && code=0 || code=$?
		same "$code" 143 "with $options"
		check gone "$container"
	done
}

@test "signals to nsexec reach a program that catches them as process 1" {
	launch -- sh -c 'trap "exit 44" HUP; echo ready; while :; do sleep 0.05; done'
	until_true grep -q ready "$log"
	kill -HUP "$supervisor"
	wait "$supervisor" && code=0 || code=$?
	same "$code" 44
}

@test "--detach returns at once, with /dev/null as stdin and the caller's stdout" {
	run nsexec launch --detach --pid-file "$BATS_TEST_TMPDIR/pid" -- sh -c 'readlink /proc/self/fd/0; exec sleep 30 3>&- >/dev/null 2>&1' 3>&-
	same "$status:$output" "0:/dev/null"
	container=$(cat "$BATS_TEST_TMPDIR/pid")
	check alive "$container"
	kill -KILL "$container"
	until_true gone "$container"
}

@test "--pid-file has the pid of the program, and is refused before anything runs" {
	launch -- sleep 1000
	same "$(tr '\0' ' ' <"/proc/$container/cmdline")" "sleep 1000 "
	run --separate-stderr nsexec launch --pid-file /no/such/dir/pid -- sh -c 'echo ran'
	same "$status:$output" "125:"
	has "$stderr" /no/such/dir/pid
}

@test "--fd passes descriptors, swaps them, and closes all others" {
	exec 5<<<five 6<<<six
	run nsexec launch --fd 5=3 --fd 6=4 -- sh -c 'cat <&3; cat <&4; ls /proc/self/fd | wc -l'
	same "$output" $'five\nsix\n6' # 0 to 4, and that of ls
	exec 5<<<five 6<<<six
	run nsexec launch --fd 5=6 --fd 6=5 -- sh -c 'cat <&5; cat <&6'
	same "$output" $'six\nfive'
	run nsexec launch -- sh -c 'ls /proc/self/fd | wc -l'
	same "$output" 4
	exec 5>&- 6>&-
}

@test "--fd N=0 replaces stdin" {
	exec 5<<<five
	run nsexec launch --fd 5=0 -- cat
	same "$output" five
	exec 5>&-
}

@test "--name is listed, entered, and gone at the end" {
	name=t-$BATS_TEST_NUMBER-$$
	launch --name "$name" -- sleep 1000
	run nsexec ls
	has "$output" "$name"
	run nsexec ls --json
	entry=$(python3 -c 'import json,sys; print(*[(e["pid"], e["start"], e["command"]) for e in json.load(sys.stdin) if e["name"] == sys.argv[1]])' "$name" <<<"$output")
	same "$entry" "($container, $(start_time "$container"), 'sleep 1000')"
	run nsexec enter "$name" -- readlink /proc/self/ns/pid
	same "$output" "$(ns_of "$container" pid)"
	run nsexec launch --name "$name" -- true
	same "$status" 125
	check alive "$container"
	kill -KILL "$container"
	wait "$supervisor" || :
	run nsexec ls
	lacks "$output" "$name"
	check_not test -e "/run/nsexec/$name"
	run nsexec enter "$name" -- true
	same "$status" 125
}

@test "the run directory is not touched without --name" {
	[ -e /run/nsexec ] && skip "somebody has names"
	run nsexec launch -- true
	check_not test -e /run/nsexec
}

@test "nothing is left of a launch" {
	mounts=$(wc -l </proc/self/mounts)
	run nsexec launch --rlimit NOFILE=64 --tmpfs /mnt --bind /usr:/srv -- true
	same "$status" 0
	same "$(wc -l </proc/self/mounts)" "$mounts"
}

@test "--explain runs nothing and tells the steps" {
	run nsexec launch --explain --pid-file "$BATS_TEST_TMPDIR/pid" -- touch "$BATS_TEST_TMPDIR/ran"
	same "$status" 0
	check test "${#lines[@]}" -ge 10
	check_not test -e "$BATS_TEST_TMPDIR/pid"
	check_not test -e "$BATS_TEST_TMPDIR/ran"
}
