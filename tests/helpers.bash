# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the tests that are written with bats share. `load ../helpers` brings it, and with it setup and teardown, which
# a file may wrap. Nothing but processes that were started here is ever signalled.

bats_require_minimum_version 1.5.0

top=${NSX_TOP:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
NSEXEC=${NSEXEC:-$top/build/static/src/cli/nsexec}
# The tier compat has a command here that makes the kernel look old to what is behind it.
read -ra wrap <<<"${NSX_OLD_KERNEL-}"
launch_wrap=("${wrap[@]}")
kinds="cgroup ipc mnt net pid time user uts"
started=()

# Every call has a deadline: a hang is a failure of that test only.
nsexec() {
	timeout --foreground -k 2 20 "${wrap[@]}" "$NSEXEC" "$@"
}

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# Compare, and say what is not the same.
same() {
	[ "$1" = "$2" ] || fail "${3:-not the same}:" "got:  $1" "want: $2"
}

has() {
	case $1 in
	*"$2"*) ;;
	*) fail "${3:-it lacks a part}:" "got:  $1" "part: $2" ;;
	esac
}

lacks() {
	case $1 in
	*"$2"*) fail "${3:-it has a part that it must not have}:" "got:  $1" "part: $2" ;;
	esac
}

# check COMMAND...: for conditions in the middle of a test; says which one it is.
check() {
	"$@" || fail "does not hold: $*"
}

check_not() {
	! "$@" || fail "holds, and must not: $*"
}

# until_true [SECONDS] COMMAND...: wait for an event, with a deadline.
until_true() {
	local tenths=100
	case $1 in
	[0-9]*)
		tenths=$(($1 * 10))
		shift
		;;
	esac
	while ! "$@" 2>/dev/null; do
		((tenths-- > 0)) || fail "did not become true: $*" || return 1
		sleep 0.1
	done
}

# Does the process run? A zombie does not.
alive() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -n "$state" ] && [ "$state" != Z ] && [ "$state" != X ]
}

gone() {
	! alive "$1"
}

# Field 22 of /proc/PID/stat.
start_time() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

ns_of() {
	readlink "/proc/$1/ns/$2"
}

# background COMMAND...: run it, with nothing of ours but stdout and stderr, in files; sets $background, $log.
background() {
	log=$BATS_TEST_TMPDIR/log.${#started[@]}
	"$@" </dev/null >"$log" 2>"$log.err" 3>&- &
	background=$!
	started+=("$background")
}

# launch OPTION...: a container in the background; sets $container to its pid, $supervisor, and $log.
launch() {
	local pid_file=$BATS_TEST_TMPDIR/pid.${#started[@]}
	background "${launch_wrap[@]}" "$NSEXEC" launch --pid-file "$pid_file" "$@"
	supervisor=$background
	until_true launched "$pid_file" || fail "it was not launched: $*" "$(cat "$log.err")" || return 1
	[ -s "$pid_file" ] || fail "it was not launched: $*" "$(cat "$log.err")" || return 1
	container=$(cat "$pid_file")
}

launched() {
	[ -s "$1" ] || gone "$supervisor"
}

# A root file system with busybox; sets $rootfs.
make_rootfs() {
	rootfs=${1:-$BATS_TEST_TMPDIR/rootfs}
	mkdir -p "$rootfs/bin" "$rootfs/etc" "$rootfs/tmp" "$rootfs/proc" "$rootfs/sys" "$rootfs/dev" "$rootfs/out"
	cp "$(command -v busybox)" "$rootfs/bin/busybox"
	local name
	for name in sh cat ls id env sleep readlink grep sort tr touch mkdir mount hostname pwd echo ps kill umask stat \
		true false head cut sed test wc rm ln chmod mknod dd od sync ulimit df nproc date tee umount; do
		ln -sf busybox "$rootfs/bin/$name"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$rootfs/etc/passwd"
	echo 'root:x:0:' >"$rootfs/etc/group"
	chmod 755 "$rootfs" "$rootfs"/*
	chmod 1777 "$rootfs/tmp"
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

# need PROGRAM...
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "no $program"
	done
}

# What a process is, as it sees it itself: a shell script for the inside. /proc/self is that of the programs that
# the shell starts, which have all of it from the shell.
# shellcheck disable=SC2016 # the inner shell expands it
snapshot='
for n in cgroup ipc mnt net pid time user uts; do echo "ns $n $(readlink /proc/self/ns/$n)"; done
grep -E "^(Uid|Gid|Groups|Umask|Cap[A-Z][a-z][a-z]|NoNewPrivs|Seccomp|Seccomp_filters):" /proc/self/status
echo "label $(cat /proc/self/attr/current 2>/dev/null)"
echo "oom $(cat /proc/self/oom_score_adj)"
echo "cwd $(pwd)"
echo "root $(stat -c "%d %i" /)"
sed "s/^/cgroup /" /proc/self/cgroup
tr "\0" "\n" </proc/$$/environ | grep -vE "^(PWD|OLDPWD|SHLVL|_)=" | sort | sed "s/^/env /" # what shells set

echo end'

# The snapshot that the payload of a container wrote to its stdout.
target_snapshot() {
	until_true grep -q '^end$' "${1:-$log}" || fail "there is no snapshot:" "$(cat "$log" "$log.err")" || return 1
	cat "${1:-$log}"
}

# payload of a container that tells what it is, and stays
tell_and_stay=$snapshot'
exec sleep 1000'

# same_context SNAPSHOT SNAPSHOT
same_context() {
	local drop=^$
	[ ${#wrap[@]} = 0 ] || drop='^Seccomp' # below the filter of old-kernel all have one more
	diff <(grep -v "$drop" <<<"$1") <(grep -v "$drop" <<<"$2") ||
		fail "above: what the target is (<), and what enter made (>)"
}

# Errors of options have one form, status 125, and one line with one hint.
refuses_options() {
	local verb=$1
	run --separate-stderr nsexec "$@"
	# shellcheck disable=SC2154 # bats sets it
	[ "$status" = 125 ] && [ -z "$output" ] && [ "${#stderr_lines[@]}" = 2 ] &&
		[[ ${stderr_lines[0]} == "nsexec $verb: options: check of "* ]] &&
		[[ ${stderr_lines[1]} == "hint: "* ]]
}

# What a setup() of a file's own begins with.
common_setup() {
	started=()
	unset SHELL TERM NSX_X
	# a function of bats in the environment, which sh does not pass on
	export -n -f bats_readlinkf 2>/dev/null || :
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

setup() {
	common_setup
}

# They are our children, so their numbers are theirs as long as we have not waited.
end_started() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

teardown() {
	end_started
}
