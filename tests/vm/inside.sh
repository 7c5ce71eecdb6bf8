#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What test_vm.sh runs in the virtual machine: TAP on stdout. Only busybox is there, cgroup v2 with every controller,
# root with all capabilities, and the user tester.
# shellcheck disable=SC2016,SC2086 # shells inside expand it; $nsexec is words
nsexec="timeout -s KILL 60 /w/nsexec" # a hang is a failure of that test only
number=0

# A test is a function; what it prints is shown when it fails.
check() {
	number=$((number + 1))
	if output=$("$1" 2>&1); then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		echo "$output" | sed 's/^/# /'
	fi
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

same() {
	[ "$1" = "$2" ] || {
		echo "got:  $1"
		echo "want: $2"
		return 1
	}
}

until_true() {
	tries=200
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "did not become true: $*"; return 1; }
		sleep 0.1
	done
}

missing() {
	! [ -e "$1" ]
}

gone() {
	! grep -q '^State:[[:space:]]*[RSDT]' "/proc/$1/status"
}

# Cgroups that were not there at the beginning.
left_over() {
	find /sys/fs/cgroup -type d | sort >/tmp/groups.now
	diff /tmp/groups.before /tmp/groups.now | grep '^+/'
}
find /sys/fs/cgroup -type d | sort >/tmp/groups.before

no_groups_left() {
	[ -z "$(left_over)" ] || { left_over; return 1; }
}

# launch OPTION...: in the background; $container, $supervisor
launch() {
	rm -f /tmp/pid
	/w/nsexec launch --rootfs /tmp/root --pid-file /tmp/pid "$@" >/tmp/log 2>&1 &
	supervisor=$!
	until_true test -s /tmp/pid || { cat /tmp/log; return 1; }
	container=$(cat /tmp/pid)
}

end() {
	kill -KILL "$container"
	wait "$supervisor"
}

mkdir -p /tmp/root/bin /tmp/root/tmp /tmp/root/etc
cp /bin/busybox /tmp/root/bin/
for name in sh sleep cat dd grep readlink id ls tail head echo true yes wc seq mount; do
	ln -s busybox /tmp/root/bin/$name
done
chmod 755 /tmp/root

memory_bites() {
	# tail keeps its one endless line in memory
	$nsexec launch --rootfs /tmp/root --memory 32M -- sh -c 'exec tail -c 200000000 /dev/zero'
	same $? 137
}

memory_enough() {
	$nsexec launch --rootfs /tmp/root --memory 32M -- sh -c 'head -c 4000000 /dev/zero | tail -c 4000000 | wc -c; exit 4'
	same $? 4
}

memory_is_of_all() {
	$nsexec launch --rootfs /tmp/root --init --memory 32M -- sh -c 'tail -c 200000000 /dev/zero; [ $? = 137 ] && exit 5'
	same $? 5
}

pids_bite() {
	out=$($nsexec launch --rootfs /tmp/root --pids 6 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait' 2>&1)
	echo "$out" | grep -q "can't fork" || { echo "$out"; return 1; }
	$nsexec launch --rootfs /tmp/root --pids 6 -- sh -c 'for i in 1 2 3; do sleep 0.1 & done; wait; exit 6'
	same $? 6
}

group_of() {
	sed -n 's|^0::|/sys/fs/cgroup|p' "/proc/$1/cgroup"
}

cpus_bite() {
	launch --cpus 0.2 -- sh -c 'while :; do :; done' || return 1
	group=$(group_of "$container")
	sleep 2
	cat "$group/cpu.max" "$group/cpu.stat"
	throttled=$(sed -n 's/^nr_throttled //p' "$group/cpu.stat")
	used=$(sed -n 's/^usage_usec //p' "$group/cpu.stat")
	end
	[ "${throttled:-0}" -gt 0 ] && [ "$used" -lt 1500000 ]
}

limits_are_written() {
	launch --memory 64M --pids 17 --cpus 1.5 -- sleep 1000 || return 1
	group=$(group_of "$container")
	values="$(cat "$group/memory.max") $(cat "$group/pids.max") $(cat "$group/cpu.max")"
	swap=$(cat "$group/memory.swap.max" 2>/dev/null || echo 0)
	end
	same "$values $swap" "67108864 17 150000 100000 0"
}

enter_is_limited_too() {
	launch --seccomp unconfined --pids 6 --name limited -- sleep 1000 || return 1
	out=$($nsexec enter limited -- sh -c 'cat /proc/self/cgroup; for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait' 2>&1)
	group=$(sed -n 's/^0:://p' "/proc/$container/cgroup")
	end
	echo "$out"
	echo "$out" | grep -q "can't fork" || return 1
	no_groups_left
}

group_removed() {
	$nsexec launch --rootfs /tmp/root --memory 32M -- true || return 1
	no_groups_left
}

group_removed_after_kill() {
	launch --memory 32M -- sleep 1000 || return 1
	[ -n "$(left_over)" ] || { echo "no cgroup was made"; return 1; }
	kill -KILL "$supervisor"
	wait "$supervisor"
	until_true gone "$container" || return 1
	until_true no_groups_left
}

group_removed_after_detach() {
	rm -f /tmp/pid
	$nsexec launch --rootfs /tmp/root --detach --pids 20 --pid-file /tmp/pid -- sleep 1000 || return 1
	container=$(cat /tmp/pid)
	[ -n "$(left_over)" ] || { echo "no cgroup was made"; return 1; }
	kill -KILL "$container"
	until_true no_groups_left
}

group_removed_by_next_command() {
	launch --memory 32M --name next -- sleep 1000 || return 1
	# everything of ours at once: supervisor and keeper
	for stat in /proc/[0-9]*/cmdline; do
		pid=${stat#/proc/}
		pid=${pid%/cmdline}
		case $(cat "/proc/$pid/comm") in
		nsexec | memfd:nsexec*) kill -KILL "$pid" ;;
		esac
	done
	wait "$supervisor"
	kill -KILL "$container" 2>/dev/null
	until_true gone "$container" || return 1
	$nsexec ls >/dev/null
	[ ! -e /run/nsexec/next ] || { echo "the name is still there"; return 1; }
	no_groups_left
}

no_limit_no_group() {
	launch -- sleep 1000 || return 1
	no_groups_left
	r=$?
	end
	return $r
}

failed_start_leaves_no_group() {
	$nsexec launch --rootfs /tmp/root --memory 32M -- /no/such/program
	same $? 127 || return 1
	no_groups_left
}

launch_core() {
	out=$($nsexec launch --rootfs /tmp/root --hostname inner --env A=b -- sh -c 'id -u; echo $$; hostname 2>/dev/null || cat /proc/sys/kernel/hostname; echo $A; grep CapEff /proc/self/status; exit 9')
	same "$? $out" "9 0
1
inner
b
CapEff:	00000000a80425fb"
}

default_root() {
	out=$($nsexec launch -- sh -c 'ls -A /tmp /root /run; touch /etc/x /tmp/x && echo touched')
	echo "$out"
	[ ! -e /etc/x ] && echo "$out" | grep -q touched
}

all_capabilities() {
	out=$($nsexec launch --rootfs /tmp/root --privileged -- grep CapEff /proc/self/status)
	same "$out" "$(grep CapEff /proc/self/status)"
}

rlimits_can_be_raised() {
	out=$($nsexec launch --rootfs /tmp/root --rlimit NOFILE=70000:90000 -- sh -c 'ulimit -Sn; ulimit -Hn')
	same "$out" "70000
90000"
}

enter_core() {
	launch --seccomp default --env A=b -- sleep 1000 || return 1
	out=$($nsexec enter "$container" -- sh -c 'echo $A; for n in cgroup ipc mnt net pid uts user time; do readlink /proc/self/ns/$n; done; grep -E "^(CapEff|Seccomp|NoNewPrivs)" /proc/self/status')
	want=$(echo b; for n in cgroup ipc mnt net pid uts user time; do readlink "/proc/$container/ns/$n"; done; grep -E '^(CapEff|Seccomp|NoNewPrivs)' "/proc/$container/status")
	end
	same "$out" "$(echo "$want" | grep -E 'b|^[a-z]*:|Cap|NoNew|Seccomp')"
}

enter_oom_lower() {
	launch --seccomp unconfined -- sleep 1000 || return 1
	echo -500 >"/proc/$container/oom_score_adj"
	out=$($nsexec enter "$container" -- cat /proc/self/oom_score_adj)
	end
	same "$out" -500
}

enter_cgroup() {
	mkdir /sys/fs/cgroup/own
	launch --seccomp unconfined --ns cgroup=host -- sleep 1000 || return 1
	echo "$container" >/sys/fs/cgroup/own/cgroup.procs
	out=$($nsexec enter "$container" -- cat /proc/self/cgroup)
	echo 1 >/sys/fs/cgroup/own/cgroup.freeze
	until_true grep -q 'frozen 1' /sys/fs/cgroup/own/cgroup.events
	timeout 20 $nsexec enter "$container" -- true
	frozen=$?
	echo 0 >/sys/fs/cgroup/own/cgroup.freeze
	end
	until_true rmdir /sys/fs/cgroup/own
	same "$out $frozen" "0::/own 125"
}

dies_with_nsexec() {
	launch -- sleep 1000 || return 1
	kill -KILL "$supervisor"
	wait "$supervisor"
	until_true gone "$container"
}

as_tester() {
	chmod 755 /w /w/nsexec
	su tester -s /bin/sh -c "$1" </dev/null
}

tester_launch() {
	out=$(as_tester '/w/nsexec launch -- /bin/sh -c "id -u; id -g; echo \$\$; touch /tmp/x /etc/x && echo touched"')
	same "$out" "0
0
1
touched"
}

tester_enter() {
	out=$(as_tester '/w/nsexec launch --seccomp unconfined --pid-file /home/tester/pid -- sleep 1000 & s=$!
		while ! [ -s /home/tester/pid ]; do sleep 0.1; done
		p=$(cat /home/tester/pid)
		a=$(/w/nsexec enter $p -- readlink /proc/self/ns/user); b=$(readlink /proc/$p/ns/user)
		kill -KILL $s; [ "$a" = "$b" ] && echo same || echo "$a $b"')
	same "$out" same
}

tester_maps() {
	out=$(as_tester '/w/nsexec launch --uid-map 0:1000:1 --uid-map 1:100000:1000 --gid-map 0:1000:1 --gid-map 1:100000:1000 -- \
		sh -c "touch /tmp/x && chown 5:6 /tmp/x && stat -c %u:%g /tmp/x"')
	same "$out" 5:6
}

tester_limits() {
	as_tester '/w/nsexec launch --memory 64M -- true'
	same $? 125
}

# What test_aarch64 has put there: its exit status counts.
run_program() {
	timeout -s KILL 200 "$program"
}

check launch_core "launch works on $(uname -r)"
check default_root "the default root works"
check all_capabilities "--privileged gives really all capabilities"
check rlimits_can_be_raised "--rlimit raises hard limits with CAP_SYS_RESOURCE"
check enter_core "enter works, with the filter copied from the process"
check enter_oom_lower "enter lowers oom_score_adj with CAP_SYS_RESOURCE"
check enter_cgroup "enter is born in the target's cgroup v2, and refuses a frozen one"
check dies_with_nsexec "SIGKILL to nsexec ends the program"
check limits_are_written "limits are in the cgroup's files"
check memory_bites "--memory kills who touches more: 137"
check memory_enough "--memory lets live who stays below"
check memory_is_of_all "--memory counts all processes of the container"
check pids_bite "--pids makes fork fail, and not before"
check cpus_bite "--cpus throttles"
check enter_is_limited_too "who enters is under the same limits"
check group_removed "the cgroup of the limits is removed"
check group_removed_after_kill "... when nsexec was killed"
check group_removed_after_detach "... when the container was detached"
check group_removed_by_next_command "... when all of ours were killed, by the next command"
check no_limit_no_group "without a limit no cgroup is made"
check failed_start_leaves_no_group "a start that fails leaves no cgroup"
check tester_launch "launch works for an unprivileged user"
check tester_enter "enter works for an unprivileged user"
check tester_limits "a limit that an unprivileged user may not set is an error"
if command -v newuidmap >/dev/null; then
	check tester_maps "maps of subordinate ids"
else
	skip "maps of subordinate ids" "no newuidmap in the machine (test_vm.sh and tests/userns have one)"
fi
for program in /w/programs/*; do
	if [ -x "$program" ]; then
		check run_program "${program##*/} finds nothing wrong"
	elif [ -e "$program" ]; then
		skip "${program##*/} finds nothing wrong" "$(cat "$program")"
	fi
done
echo "1..$number"
