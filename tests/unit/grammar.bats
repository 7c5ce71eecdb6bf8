#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The grammar of the command line: what is refused is refused with one error line and a hint, status 125, and before
# anything is made. Needs no privileges: nothing gets as far as that.
# timeout: 300

load ../helpers

setup() {
	common_setup
	cd "$BATS_TEST_TMPDIR"
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir "$XDG_RUNTIME_DIR"
	bad=()
}

# refused WORD...: note if it is not, or leaves anything. The pid file would be the first thing made.
refused() {
	refuses_options "$@" || bad+=("not refused as it should be: nsexec $*" "  status $status, ${#stderr_lines[@]} lines: $stderr$output")
	[ -z "$(find run pid 2>/dev/null | grep -v '^run$')" ] || bad+=("something was made: nsexec $*: $(find run pid)")
	rm -rf pid run/*
}

# taken VERB OPTION...: the option itself must be taken. --explain runs nothing.
taken() {
	run --separate-stderr nsexec "$@"
	[[ $stderr != *": options: "* ]] || bad+=("refused: nsexec $*" "  $stderr")
}

all_well() {
	[ ${#bad[@]} = 0 ] || fail "${bad[@]}"
}

# each OPTION VALUE...: launch refuses the option with each value, in both forms
launch_refuses() {
	local option=$1 value
	shift
	for value; do
		refused launch --pid-file pid "$option=$value" -- true
	done
	refused launch --pid-file pid "$option" "$value" -- true
	refused launch --pid-file pid "$option"
}

launch_takes() {
	local option=$1 value
	shift
	for value; do
		taken launch --explain "$option=$value" -- true
		taken launch --explain "$option" "$value" -- true
	done
}

enter_refuses() {
	local option=$1 value
	shift
	for value; do
		refused enter --pid-file pid "$option=$value" $$ -- true
	done
	refused enter --pid-file pid "$option"
}

@test "no verb, an unknown verb: 125 and a line on stderr" {
	run --separate-stderr nsexec
	same "$status" 125
	run --separate-stderr nsexec lunch
	same "$status:$output" "125:"
	has "${stderr_lines[0]}" lunch
	same "$(grep -vc ^hint: <<<"$stderr")" 1
}

@test "--help, -h and --version succeed, on stdout" {
	for words in --help -h --version "launch --help" "launch -h" "enter --help" "enter -h" "ls --help"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr nsexec $words
		same "$status:$stderr" "0:" "$words"
		check test -n "$output"
		check test "${#lines[@]}" -le 80
	done
	run nsexec --version
	[[ ${lines[0]} =~ ^nsexec\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$output"
	[[ ${lines[1]} =~ ^commit:\  ]] || fail "$output"
	same "${#lines[@]}" 2
}

@test "the help of a verb has each option that --list-options has, in groups" {
	for verb in launch enter ls; do
		help=$(nsexec $verb --help)
		for option in $(nsexec $verb --list-options); do
			grep -q -- "$option\b" <<<"$help" || bad+=("$verb: $option")
		done
		check test "$(grep -c '^[A-Z].*:$' <<<"$help")" -ge 1
	done
	all_well
}

@test "the help has each option that the specification has" {
	launch="rootfs read-only name hostname user uid-map gid-map ns net bind tmpfs env clear-env workdir cap-add cap-drop
		privileged seccomp rlimit memory pids cpus time-offset tty no-tty detach pid-file init die-with-parent fd explain
		debug log-format command uid mount add"
	enter="only except user cap-add cap-drop env clear-env workdir tty no-tty detach pid-file no-cgroup no-seccomp no-lsm
		keep-caps fd explain strict target all mount uts ipc net pid cgroup time setuid setgid root wd wdns no-fork
		debug log-format"
	for verb in launch enter; do
		listed=$(nsexec $verb --list-options)
		for option in ${!verb}; do
			grep -qx -- "--$option" <<<"$listed" || bad+=("$verb lacks --$option")
		done
	done
	all_well
}

@test "long options are never abbreviated" {
	for verb in launch enter; do
		for option in $(nsexec $verb --list-options); do
			for short in "${option%?}" "${option%??}"; do
				[ ${#short} -gt 2 ] || continue
				nsexec $verb --list-options | grep -qx -- "$short" && continue
				refused $verb "$short" 1 -- true
				refused $verb "$short=1" 1 -- true
			done
		done
	done
	all_well
}

@test "unknown options, missing values, values that are too much" {
	refused launch --no-such-option
	refused launch -Q
	refused launch -- -- 2>/dev/null || :
	bad=()
	for option in detach privileged read-only clear-env init explain debug tty no-tty die-with-parent; do
		refused launch --$option=1 -- true
		refused launch --$option= -- true
	done
	for option in all strict no-cgroup no-seccomp no-lsm keep-caps detach no-fork clear-env; do
		refused enter --$option=1 1 -- true
	done
	for option in name rootfs hostname ns net bind tmpfs env user cap-add seccomp rlimit memory pids cpus fd pid-file; do
		refused launch --$option
	done
	refused launch -c
	refused launch -u
	refused enter -t
	refused enter -S
	refused ls extra
	refused ls --jsonx
	all_well
}

@test "ids: decimal numbers only" {
	for option in --user --uid; do
		launch_refuses $option "" 1: :1 : 4294967295 4294967296 99999999999999999999 -1 +1 "1 " " 1" 1x 0x1 root root: \
			:root 1:root nobody 1,2 1.0 1e3 ١
	done
	launch_refuses --user 0:-1 0:4294967295 1:1: 1:1:1 "1: 1" "1 :1"
	refused launch -u root
	refused launch -u 1:1
	refused launch --uid 1:1
	launch_takes --user 0 1 01 010 0:00 0:0 1:1 4294967294 4294967294:4294967294
	launch_takes --uid 0 1 4294967294
	enter_refuses --user "" 1: :1 root root:root -1 4294967295 "1 " 1:x
	enter_refuses --setuid "" root -1 4294967295 1:1 "1 "
	enter_refuses --setgid "" root -1 4294967295 1:1 "1 "
	all_well
}

@test "id maps" {
	for option in --uid-map --gid-map; do
		launch_refuses $option "" 0 0:0 0:0:0 0:0:1:1 :0:1 0::1 0:0: a:0:1 0:a:1 0:0:a "0:0:1 " -1:0:1 0:-1:1 \
			4294967295:0:1 0:4294967295:1 0:4294967290:100 4294967290:0:100 0:0:4294967296 root:0:1 0,0,1
	done
	refused launch --uid-map 0:100:10 --uid-map 5:500:10 -- true # overlap inside
	refused launch --uid-map 0:100:10 --uid-map 50:105:10 -- true # overlap outside
	launch_takes --uid-map 0:0:1 0:4294967294:1 0:100000:65536
	all_well
}

@test "--ns and --net" {
	launch_refuses --ns "" new net =new net= net=x net=New Net=new foo=new net=new=x "net =new" ",net=new" net,uts=new user=hosts
	refused launch --ns net=new --ns net=host -- true
	refused launch --ns net=new --ns network=host -- true
	refused launch --ns net=new --net host -- true
	refused launch --net host --net none -- true
	launch_refuses --net "" None bridge new2 lo
	refused launch --ns mnt=host -- true
	refused launch --ns mount=host -- true
	refused launch --ns uts=host --hostname x -- true
	for kind in user mnt mount pid net network ipc uts cgroup time; do
		launch_takes --ns $kind=new
	done
	launch_takes --net none host /proc/self/ns/net
	all_well
}

@test "--name" {
	long=$(printf 'a%.0s' {1..64})
	launch_refuses --name "" . .. .a -a _a a/b / ../x 1 12 0 "a b" "a " $'a\n' a:b "$long" ä a+b a@b "pid:1"
	launch_takes --name a A1 1a a. a.b_c-d "${long%a}"
	all_well
}

@test "--bind" {
	mkdir src
	launch_refuses --bind "" src src: :/dst : src:dst src:./dst src:/dst:nonsense src:/dst:ro,nonsense src:/dst:size=1 \
		missing:/dst "$PWD/missing:/dst" src:/dst:ro:rw src:/dst:RO "src:/dst: ro" src:/dst:, src:/dst:ro,,rw
	launch_takes --bind src:/dst ./src:/dst "$PWD/src:/dst" src:/dst:ro src:/dst:ro,nosuid,nodev,noexec,noatime,bind src:/dst:rbind,rw
	refused launch --add src -- true
	refused launch -a src:dst -- true
	all_well
}

@test "--tmpfs" {
	launch_refuses --tmpfs "" dst ./dst :/dst
	launch_takes --tmpfs /dst /dst:size=1M,mode=700 /dst:ro
	all_well
}

@test "--env" {
	launch_refuses --env "" =x =
	enter_refuses --env "" =x =
	launch_takes --env A A= A=b A=b=c
	all_well
}

@test "--rlimit" {
	launch_refuses --rlimit "" NOFILE NOFILE= =1 NOFILE=a NOFILE=1: NOFILE=:1 NOFILE=2:1 NOFILE=1:2:3 NOFILE=-1 FOO=1 7=1 \
		"NOFILE=1 " NOFILE=unlimited:1 NOFILE=99999999999999999999 NOFILE=1:x RLIMIT_=1
	launch_takes --rlimit NOFILE=1 nofile=1:2 RLIMIT_NOFILE=1 CORE=0:unlimited core=unlimited AS=1G STACK=8M
	all_well
}

@test "--time-offset" {
	launch_refuses --time-offset "" monotonic monotonic= =1 realtime=1 monotonic=x monotonic=1. monotonic=.5 monotonic=1.x \
		monotonic=1.0000000000 monotonic=1,5 monotonic=--1 monotonic=+1 Monotonic=1 "monotonic=1 " monotonic=- \
		monotonic=99999999999999999999 monotonic=1.-5
	launch_takes --time-offset monotonic=1 boottime=1 monotonic=0 monotonic=1.5 monotonic=1.123456789 boottime=-1
	all_well
}

@test "--memory, --pids and --cpus" {
	launch_refuses --memory "" 0 -1 1 4095 x 1x 1KB 1.5G "1 G" G 99999999999999999999 99999999999G unlimited " 1G"
	launch_refuses --pids "" 0 -1 x 1.5 4194305 99999999999999999999 "1 " 1K max
	launch_refuses --cpus "" 0 0.0 0.001 0.009 -1 x 1. .5 1.2345 1,5 99999999999 "1 " 1e3 0x1 50% inf nan
	all_well
}

@test "--fd" {
	launch_refuses --fd "" 1 1= =1 a=1 1=a 1=2=3 -1=3 1=-1 "1=3 " 99=3 1=65536 1=99999999999 1:3
	refused launch --fd 0=3 --fd 1=3 -- true
	enter_refuses --fd "" 1 1= 99=3 1=65536
	launch_takes --fd 1=3 0=0 2=65535
	all_well
}

@test "--cap-add and --cap-drop" {
	for option in --cap-add --cap-drop; do
		launch_refuses $option "" , CHOWN, ,CHOWN FOO CAP_ CAP_FOO 1 "CHOWN " CHOWN:KILL CAP_CAP_CHOWN CHOWN,,KILL
		enter_refuses $option "" FOO CHOWN,
		launch_takes $option CHOWN CAP_CHOWN chown cap_Chown CHOWN,KILL ALL all
	done
	all_well
}

@test "--seccomp" {
	head -c 7 /dev/zero >short
	: >empty
	head -c 8 /dev/zero >no-return # BPF_LD|BPF_W|BPF_IMM, falls off the end
	head -c 40000 /dev/zero >long
	printf '\x06\0\0\0\0\0\xff\x7f' >allow
	launch_refuses --seccomp "" short empty no-return
	for file in missing . long; do
		run --separate-stderr nsexec launch --pid-file pid --seccomp $file -- true
		[ "$status" = 125 ] && [[ ${stderr_lines[0]} == "nsexec launch: "* ]] || bad+=("--seccomp $file: $status $stderr")
		check_not test -e pid
	done
	refused launch --privileged --seccomp default -- true
	launch_takes --seccomp default unconfined allow ./allow
	all_well
}

@test "--workdir and --hostname, --rootfs and --pid-file" {
	launch_refuses --workdir "" . x ./x
	launch_refuses --hostname ""
	run --separate-stderr nsexec launch --pid-file pid --hostname "$(printf 'a%.0s' {1..65})" -- true
	[ "$status" = 125 ] && [[ ${stderr_lines[0]} == "nsexec launch: "*hostname* ]] || bad+=("--hostname of 65: $status $stderr")
	check_not test -e pid
	refused launch --rootfs "" -- true
	refused launch --pid-file "" -- true
	enter_refuses --workdir "" . x
	refused enter -W x 1 -- true
	refused enter --pid-file "" 1 -- true
	all_well
}

@test "--log-format, and errors as JSON" {
	launch_refuses --log-format "" JSON yaml
	run --separate-stderr nsexec launch --log-format json --user root -- true
	same "$status" 125
	same "${#stderr_lines[@]}" 1
	run python3 -c 'import json,sys; d = json.loads(sys.argv[1]); print(d["level"], d["verb"], "hint" in d, d["msg"].startswith("options: check of "))' "$stderr"
	same "$output" "error launch True True"
	all_well
}

@test "combinations that contradict each other" {
	refused launch --tty --no-tty -- true
	refused launch --tty --detach -- true
	refused launch -c true -- true
	refused launch -c ""
	refused launch -c "  "
	refused enter --tty --no-tty 1 -- true
	refused enter --tty --detach 1 -- true
	refused enter --only net ns:net=/proc/self/ns/net -- true
	all_well
}

@test "TARGET" {
	refused enter
	for target in "" 0 00 pid: pid:0 pid:x pid:1: pid:1:x pid:1:1:1 pid:-1 99999999999 2147483648 a/b pidfd: pidfd:x \
		pidfd:-1 ns: ns:net ns:net= ns:foo=/x ns:=/x ns:net=/x,foo=/y ns:net=/x, "1 " " 1" "a b" .a; do
		refused enter "$target" true
	done
	for target in "" x 0 -1 1:x 1: 99999999999; do
		refused enter -t "$target" true
	done
	refused enter -t 1 -t 2 true
	all_well
}

@test "--only and --except" {
	enter_refuses --only "" foo net, ,net net,,uts Net "net " all
	enter_refuses --except "" foo net,
	all_well
}

@test "nsenter's options with '=' want a FILE behind it" {
	for letter in m u i n p U C T; do
		refused enter -$letter= $$ true
	done
	for long in mount uts ipc net pid cgroup time; do
		refused enter --$long= $$ true
	done
	all_well
}

@test "control characters of a value do not get to the terminal" {
	run --separate-stderr nsexec launch --user $'a\e[31m\nb' -- true
	same "$status" 125
	same "${#stderr_lines[@]}" 2
	lacks "$stderr" $'\e'
}

@test "an option behind COMMAND is the command's" {
	run nsexec launch --explain true --no-such-option
	same "$status" 0 "$output"
	run nsexec launch --explain -- --no-such-program
	same "$status" 0 "$output"
}
