#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `enter` makes what the container has, whoever made the container: namespaces, cgroup, root, directory, capabilities,
# seccomp, label, umask, oom_score_adj, environment. The payload of each writes what it is, then enter's program.
# timeout: 240

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

# What is told by the target, and by a program that enters process $1.
enters_the_same() {
	local target entered
	target=$(target_snapshot) || return 1
	entered=$(nsexec enter "$1" -- /bin/sh -c "$snapshot") || fail "enter $1 fails" || return 1
	same_context "$target" "$entered"
	# once more, from outside
	for kind in $kinds; do
		has "$entered" "ns $kind $(ns_of "$1" "$kind")"
	done
}

# The descendants of a process, by depth; the last line is the deepest.
descendants() {
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

# The process below $1 that runs $2.
find_payload() {
	local pid
	for pid in $(descendants "$1"); do
		if [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" = "$2 " ]; then
			echo "$pid"
			return
		fi
	done
	return 1
}

payload_of() {
	until_true find_payload "$1" "sleep 1000" >/dev/null || return 1
	find_payload "$1" "sleep 1000"
}

@test "launch, default root" {
	launch -- sh -c "$tell_and_stay"
	enters_the_same "$container"
}

@test "launch with a rootfs, a name, a user, more and fewer capabilities, an environment" {
	make_rootfs
	launch --rootfs "$rootfs" --user 12:34 --cap-add NET_ADMIN --cap-drop CHOWN --env A=b --env 'C=d e' --workdir /etc \
		-- sh -c "$tell_and_stay"
	enters_the_same "$container"
}

@test "launch --privileged, and with namespaces of the host" {
	launch --privileged -- sh -c "$tell_and_stay"
	enters_the_same "$container"
	launch --ns net=host --ns ipc=host --ns cgroup=host -- sh -c "$tell_and_stay"
	enters_the_same "$container"
}

@test "launch with user and time namespaces" {
	launch --ns user=new --uid-map 0:100000:65536 --gid-map 0:100000:65536 --ns time=new --seccomp unconfined -- sh -c "$tell_and_stay"
	enters_the_same "$container"
}

@test "launch with a user namespace and the default filter" {
	launch --ns user=new --uid-map 0:100000:65536 --gid-map 0:100000:65536 -- sh -c "$tell_and_stay"
	enters_the_same "$container"
}

# As many others who copy the filter on a busy machine: somebody traces process $1 all the time, but never the same one for
# long; for 6 seconds, which is three times what one tracer is waited for.
queue_of_tracers() {
	python3 - "$1" <<-'EOF'
		import ctypes, os, sys, time
		libc, pid, end = ctypes.CDLL(None), int(sys.argv[1]), time.monotonic() + 6
		libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
		def tracer():
		    child = os.fork()
		    if child == 0:
		        while libc.ptrace(0x4206, pid, None, None) < 0 and time.monotonic() < end:  # PTRACE_SEIZE
		            pass
		        time.sleep(0.3)
		        os._exit(0)  # which lets go
		    return child
		first, second = tracer(), tracer()
		print("ready", flush=True)
		while time.monotonic() < end:
		    os.wait()
		    tracer()
		os.wait(), os.wait()
	EOF
}

@test "a filter is copied although there is a queue of tracers" {
	launch -- sh -c "$tell_and_stay"
	local container_log=$log
	background queue_of_tracers "$container"
	until_true grep -q ready "$log"
	log=$container_log # it tells what the container is
	enters_the_same "$container"
}

@test "launch --init: process 1, and the program below it" {
	launch --init -- sh -c "$tell_and_stay"
	enters_the_same "$container"
	enters_the_same "$(payload_of "$supervisor")"
}

# unshared OPTION...: in $pid, a container of unshare(1)
unshared() {
	background unshare --kill-child --fork "$@" sh -c "mount -t proc proc /proc 2>/dev/null; $tell_and_stay"
	pid=$(payload_of "$background")
}

@test "unshare, all namespaces" {
	unshared -m -u -i -n -p -C
	enters_the_same "$pid"
}

@test "unshare, single namespaces" {
	for option in -m -u -i -n -C; do
		background unshare $option sh -c "$tell_and_stay"
		target_snapshot >/dev/null
		enters_the_same "$background" || fail "with $option"
	done
}

@test "unshare, with a user namespace" {
	unshared -U -r -m -p -n -u -i -C
	enters_the_same "$pid"
}

@test "unshare, with a user namespace and a mapping of many ids" {
	background unshare --kill-child --fork --keep-caps -U -m -p sh -c "until grep -q . /proc/self/uid_map && grep -q . /proc/self/gid_map
		do sleep 0.05; done; mount -t proc proc /proc; exec setpriv --reuid 7 --regid 8 --groups 9,10 sh -c '$tell_and_stay'"
	until_true grep -q . "/proc/$background/task/$background/children"
	read -r -d " " child <"/proc/$background/task/$background/children"
	echo 0 100000 1000 >"/proc/$child/uid_map"
	echo 0 200000 1000 >"/proc/$child/gid_map"
	pid=$(payload_of "$background") || fail "$(cat "$log.err" "$log")"
	started+=("$pid") # --kill-child does not outlive setpriv's change of ids
	enters_the_same "$pid"
}

@test "unshare, with a chroot and a directory in it" {
	make_rootfs
	mkdir "$rootfs/deep"
	background unshare --kill-child --fork -m -p -R "$rootfs" -w /deep sh -c "mount -t proc proc /proc; $tell_and_stay"
	pid=$(payload_of "$background")
	enters_the_same "$pid"
}

@test "bubblewrap, as root" {
	need bwrap
	background bwrap --unshare-all --die-with-parent --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp --setenv A b sh -c "$tell_and_stay"
	pid=$(payload_of "$background")
	enters_the_same "$pid"
}

@test "bubblewrap, with a filter of its own" {
	need bwrap
	case $(uname -m) in
	x86_64) number='\x3f' ;;
	*) number='\xa0' ;;
	esac
	printf '\x20\0\0\0\0\0\0\0\x15\0\0\1'$number'\0\0\0\x06\0\0\0\x01\0\5\0\x06\0\0\0\0\0\xff\x7f' >"$BATS_TEST_TMPDIR/filter"
	exec 5<"$BATS_TEST_TMPDIR/filter"
	background bwrap --unshare-pid --unshare-net --die-with-parent --seccomp 5 --ro-bind / / --proc /proc --dev /dev sh -c "$tell_and_stay"
	exec 5>&-
	pid=$(payload_of "$background")
	enters_the_same "$pid"
	run nsexec enter "$pid" -- uname
	check test "$status" != 0 || fail "the filter is not applied"
}

# runs OPTION...: a container of runc with busybox; its process in $pid. jq program in $1.
runc_container() {
	need runc jq
	id=nsexec-test-$BATS_TEST_NUMBER-$$
	state=$BATS_TEST_TMPDIR/runc
	bundle=$(mktemp -d /var/tmp/nsexec-test.XXXXXX) # everybody may pass through its parents
	chmod 755 "$bundle"
	make_rootfs "$bundle/rootfs"
	(cd "$bundle" && runc spec)
	jq --arg script "$tell_and_stay" '.process.terminal = false | .process.args = ["/bin/sh", "-c", $script]
		| del(.process.rlimits) | .root.readonly = false | '"$1" "$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
	background runc --root "$state" run --bundle "$bundle" "$id"
	until_true runc_pid || { cat "$log.err" >&2; return 1; }
	pid=$(runc --root "$state" state "$id" | jq .pid)
}

runc_pid() {
	[ "$(runc --root "$state" state "$id" 2>/dev/null | jq -r .status)" = running ]
}

runc_end() {
	if [ -n "${id-}" ] && [ -n "${state-}" ]; then
		runc --root "$state" delete --force "$id" 2>/dev/null || :
		rm -rf "$bundle"
	fi
}

teardown() {
	runc_end
	end_started
}

@test "runc, the default of runc spec" {
	runc_container .
	enters_the_same "$pid"
}

@test "runc, with a user, groups, capabilities, no_new_privs, oom_score_adj, umask, directory, environment" {
	runc_container '.process.user = {uid: 12, gid: 34, additionalGids: [5, 6], umask: 63} | .process.oomScoreAdj = 123
		| .process.cwd = "/etc" | .process.env += ["X=y z"] | .process.capabilities.inheritable = ["CAP_KILL"]
		| .process.capabilities.ambient = ["CAP_KILL"]'
	enters_the_same "$pid"
}

@test "runc, with a user namespace" {
	runc_container '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chown -R 100000:100000 "$bundle/rootfs"
	enters_the_same "$pid"
}

@test "runc, with a seccomp filter" {
	runc_container '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}'
	enters_the_same "$pid"
	run nsexec enter "$pid" -- /bin/mkdir /tmp/x
	check test "$status" != 0
}

@test "runc, and the same namespaces as nsenter -a" {
	runc_container .
	script='for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done'
	same "$(nsexec enter "$pid" -- /bin/sh -c "$script")" "$(nsenter -t "$pid" -a /bin/sh -c "$script")"
}
