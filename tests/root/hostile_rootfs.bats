#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Root file systems that lie: launch either fails cleanly, or its mounts stay inside; the host is never changed.

load hostile

# put NAME KIND: what the image has in place of a file or directory
put() {
	rm -rf "${R:?}/$1"
	case $2 in
	absolute) ln -s "$H" "$R/$1" ;;
	climbing) ln -s "../../../../../../../../..$H" "$R/$1" ;;
	magic) ln -s /proc/self/root "$R/$1" ;;
	fd) ln -s /proc/self/fd/3 "$R/$1" ;;
	inside) ln -s /tmp "$R/$1" ;;
	dangling) ln -s "$H/missing/dir" "$R/$1" ;;
	loop) ln -s "/$1" "$R/$1" ;;
	fifo) mkfifo "$R/$1" ;;
	huge) truncate -s 1T "$R/$1" ;;
	device) mknod "$R/$1" c 1 5 ;;
	directory) mkdir "$R/$1" ;;
	esac
}

# every KIND for one NAME
each() {
	local name=$1 kind
	shift
	for kind in "$@"; do
		echo "$name: $kind"
		put "$name" "$kind"
		with_probe
	done
}

# what is no directory is refused in these places, even where it would do no harm
refused() {
	local name=$1 kind
	shift
	for kind in "$@"; do
		each "$name" "$kind"
		[ $status = 125 ] || fail "exit status $status"
	done
}

@test "CVE-2019-19921 CVE-2023-28642: /proc is a symbolic link" {
	refused proc absolute climbing magic fd dangling loop
}

@test "CVE-2023-27561: /proc is a symbolic link into the image" {
	refused proc inside
	put proc inside
	mkdir -p "$R/tmp/self" "$R/other"
	with_probe
}

@test "/proc is a FIFO, a huge file, a device" {
	refused proc fifo huge device
}

@test "CVE-2019-19921: /sys is a symbolic link, a FIFO, a huge file" {
	refused sys absolute climbing magic fd inside dangling loop fifo huge
}

@test "CVE-2026-41579 CVE-2026-47766: /dev is a symbolic link, a FIFO, a huge file" {
	refused dev absolute climbing magic fd inside dangling loop fifo huge
}

@test "CVE-2025-31133 CVE-2026-88265: /dev/null is a symbolic link, a FIFO, another device" {
	mkdir "$R/dev"
	each dev/null absolute climbing dangling fifo huge device
	[ $status = 0 ]
}

@test "CVE-2025-52565 CVE-2026-88264: /dev/console, /dev/ptmx, /dev/pts are symbolic links" {
	mkdir "$R/dev"
	ln -s "$H/secret" "$R/dev/console"
	ln -s "$H/secret" "$R/dev/ptmx"
	ln -s "$H" "$R/dev/pts"
	with_probe --tty
	[ $status = 0 ]
	with_probe
	[ $status = 0 ]
}

@test "CVE-2019-14271 CVE-2026-46680: /etc/passwd, /etc/group, /etc/nsswitch.conf, /etc/ld.so.preload are FIFOs, huge, links" {
	for kind in fifo huge absolute directory; do
		for name in passwd group nsswitch.conf ld.so.preload localtime; do
			put etc/$name $kind
		done
		for user in 0 1 1:1 65534:65534; do
			with_probe --user $user
			[ $status = 0 ]
		done
	done
}

@test "CVE-2026-30892: every form of --user that is a number is that number" {
	for user in 1 01 1:2 4294967294; do
		status=0
		"$NSEXEC" launch --rootfs "$R" --net host --no-tty --user $user -- /bin/id -u >"$W/out" 2>"$W/err" </dev/null || status=$?
		[ $status = 125 ] || [ "$(cat "$W/out")" = "$((10#${user%:*}))" ]
		[ $user != 1 ] && [ $user != 1:2 ] || [ $status = 0 ]
	done
}

@test "CVE-2026-46680: a --user that is no number of 32 bits is refused, and never a name of the image" {
	echo "4294967296:x:0:0:::/bin/sh" >>"$R/etc/passwd"
	for user in 4294967296 4294967295 18446744073709551616 root -1 "" : 0: :0 "0x0" " 0" "1 "; do
		launch_clean --user "$user" -- /bin/id -u
		[ $status = 125 ]
	done
}

@test "/bin/sh is a symbolic link to the host, a FIFO, a directory, a huge file" {
	for kind in absolute climbing magic fd loop fifo directory huge; do
		put bin/sh $kind
		launch_clean -- /bin/sh -c "echo it runs"
		[ $status = 126 ] || [ $status = 127 ]
		SHELL=/bin/sh launch_clean
		[ $status = 126 ] || [ $status = 127 ]
	done
	host_unchanged
}

@test "CVE-2015-1335 CVE-2021-30465: the place of a bind mount is a symbolic link to the host" {
	mkdir "$W/given" && echo given >"$W/given/file"
	for kind in absolute climbing magic fd dangling loop inside; do
		put mnt $kind
		with_probe --bind "$W/given:/mnt"
		with_probe --bind "$W/given:/mnt/dir"
		launch_clean --bind "$W/given:/mnt" -- /bin/cat /mnt/file # a mount is inside, or there is none
		launch_clean --bind "$W/given:/mnt/dir" -- /bin/cat /mnt/dir/file
		launch_clean --bind "$W/given/file:/mnt/secret" -- /bin/cat /mnt/secret
		with_probe --tmpfs /mnt
		with_probe --tmpfs /mnt/dir
		with_probe --bind "$W/given/file:/mnt/secret"
	done
}

@test "CVE-2024-45310 CVE-2025-24965: nothing is made in a given directory but /proc, /sys and /dev" {
	(cd "$R" && find . | sort) >"$W/list"
	with_probe --name hostile-list-$$
	[ $status = 0 ]
	with_probe --tmpfs /missing/dir
	[ $status = 125 ]
	with_probe --tmpfs /tmp/../w/x/y
	with_probe --bind "$H:/new/dir"
	[ $status = 125 ]
	(cd "$R" && find . | sort) | diff "$W/list" - | grep '^[<>]' >"$W/diff" || true
	[ "$(cat "$W/diff")" = "> ./dev
> ./proc
> ./sys" ]
}

@test "CVE-2019-18837: the root directory is a symbolic link" {
	ln -s "$R" "$W/link"
	ln -s "$H" "$R/escape"
	run_quietly "$NSEXEC" launch --rootfs "$W/link" --net host -- /bin/sh -c "$PROBE"
	expect 0 probed
	lacks violation
	host_unchanged
}

@test "a read-only root without /proc, /sys and /dev is an error, and stays as it is" {
	(cd "$R" && find . -printf '%p %T@\n' | sort) >"$W/list"
	launch_clean --read-only -- /bin/true
	[ $status = 125 ]
	(cd "$R" && find . -printf '%p %T@\n' | sort) | cmp "$W/list" -
}

# race_rows NAME TIMES ARGUMENT...: NAME changes between a directory and a link to the host, and launch goes on
race_rows() {
	local name=$1 times=$2 ran=0 i
	shift 2
	[ -d "$R/$name" ] || mkdir "$R/$name"
	ln -s "$H" "$R/other"
	race "$R/$name" "$R/other"
	for ((i = 0; i < times; i++)); do
		with_probe "$@"
		[ $status != 0 ] || ran=$((ran + 1))
	done
	echo "$ran of $times ran"
}

@test "CVE-2023-27561: /proc changes into a symbolic link while it is mounted" {
	race_rows proc 60
}

@test "CVE-2026-41579: /dev changes into a symbolic link while it is mounted" {
	race_rows dev 40
}

@test "CVE-2019-19921: /sys changes into a symbolic link while it is mounted" {
	race_rows sys 40
}

@test "CVE-2021-30465: the place of a bind mount changes into a symbolic link" {
	mkdir "$W/given" && echo given >"$W/given/file"
	race_rows mnt 60 --bind "$W/given:/mnt"
}

@test "CVE-2024-45310: the directory above a mount changes into a symbolic link while a directory is made in it" {
	mkdir "$W/given"
	mkdir "$W/given/w"
	ln -s "$H" "$W/given/other"
	race "$W/given/w" "$W/given/other"
	for i in {1..60}; do
		with_probe --bind "$W/given:/vol" --tmpfs "/mnt:size=1M" --tmpfs /mnt/a/b
		with_probe --bind "$W/given:/mnt" --tmpfs /mnt/w/a/b
	done
}
