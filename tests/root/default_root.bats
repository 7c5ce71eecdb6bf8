#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The default root: what is shown, what is hidden, and that the host never changes.

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

@test "the system directories are as on the host" {
	for dir in usr etc opt bin sbin lib lib32 lib64; do
		if [ -L /$dir ]; then
			run nsexec launch -- readlink /$dir
			same "$output" "$(readlink /$dir)" "/$dir"
		elif [ -d /$dir ]; then
			run nsexec launch -- stat -c '%F %a %u' /$dir
			same "$output" "$(stat -c '%F %a %u' /$dir)" "/$dir"
		fi
	done
	run nsexec launch -- sha256sum /usr/bin/env /etc/os-release
	same "$output" "$(sha256sum /usr/bin/env /etc/os-release)"
}

@test "/tmp /var/tmp /run /root /home /mnt /srv are empty, and writable as usual" {
	marker=nsexec-test.$$
	for dir in /tmp /var/tmp /run /root /home /mnt /srv; do
		echo secret >"$dir/$marker"
	done
	run nsexec launch -- sh -c 'for d in /tmp /var/tmp /run /root /home /mnt /srv; do ls -A $d || exit 9; touch $d/x || exit 8; done'
	result=$status:$output
	for dir in /tmp /var/tmp /run /root /home /mnt /srv; do
		rm -f "$dir/$marker"
		check_not test -e "$dir/x"
	done
	same "$result" "0:"
	run nsexec launch -- stat -c %a /tmp /var/tmp
	same "$output" $'1777\n1777'
	run nsexec launch -- stat -c %a /root
	same "$output" 700
}

@test "nothing of the host's /home /root /run /tmp /var /dev is visible, by any name" {
	marker=nsexec-test-marker.$$
	for dir in /home /root /run /tmp /var /var/lib /dev /dev/shm; do
		echo secret >"$dir/$marker"
	done
	run nsexec launch -- sh -c "find / -xdev -name '$marker' 2>/dev/null; for d in / /usr /etc /opt /dev /proc/1/root /var /run /tmp; do find \$d -maxdepth 6 -name '$marker' 2>/dev/null; done"
	result=$output
	for dir in /home /root /run /tmp /var /var/lib /dev /dev/shm; do
		rm -f "$dir/$marker"
	done
	same "$result" ""
}

@test "shadow, gshadow, sudoers, ssh and private keys are masked" {
	created=()
	for file in /etc/shadow- /etc/gshadow-; do
		[ -e "$file" ] || continue
		created+=("$file")
	done
	for file in /etc/shadow /etc/gshadow /etc/sudoers "${created[@]}"; do
		[ -e "$file" ] || continue
		run nsexec launch --cap-add DAC_READ_SEARCH -- cat "$file"
		same "$output" "" "$file"
	done
	for dir in /etc/ssh /etc/ssl/private /etc/sudoers.d; do
		[ -d "$dir" ] || continue
		run nsexec launch --cap-add DAC_READ_SEARCH -- ls -A "$dir"
		same "$output" "" "$dir"
	done
}

@test "a masked file cannot be had by renaming, linking or unlinking what hides it" {
	run nsexec launch -- sh -c 'rm -f /etc/shadow; mv /etc/shadow /etc/s; ln /etc/shadow /etc/t; cat /etc/shadow /etc/s /etc/t; umount /etc/shadow && cat /etc/shadow'
	lacks "$output" ":\$"
	lacks "$output" "root:"
}

@test "touch /etc/x works as root and touch /tmp/x for everybody" {
	run nsexec launch -- touch /etc/x /usr/x /usr/bin/x /opt/x /tmp/x /x
	same "$status" 0 "$output"
	run nsexec launch --user 1234:1234 -- touch /tmp/x /var/tmp/x
	same "$status" 0 "$output"
	run nsexec launch --user 1234:1234 -- touch /etc/x
	check test "$status" != 0
	for file in /etc/x /usr/x /usr/bin/x /opt/x /tmp/x /x; do
		check_not test -e "$file"
	done
}

@test "the host does not change, whatever root does inside" {
	before=$(sha256sum /etc/passwd /etc/hostname /usr/bin/env; stat -c '%n %a %u %Y' /etc /usr /usr/bin /opt / /etc/passwd)
	run nsexec launch -- sh -c '
		echo changed >/etc/passwd; rm -f /usr/bin/env; chmod 777 /etc /usr; chown 5 /etc/hostname
		mv /etc/default /etc/moved; rm -rf /etc/cron.daily; mkdir /etc/new; ln -s / /usr/link; echo done'
	has "$output" done
	same "$(sha256sum /etc/passwd /etc/hostname /usr/bin/env; stat -c '%n %a %u %Y' /etc /usr /usr/bin /opt / /etc/passwd)" "$before"
	check_not test -e /etc/moved
}

@test "what one container writes another does not see" {
	launch -- sh -c 'echo one >/etc/of-one; echo ready; exec sleep 1000'
	until_true grep -q ready "$log"
	run nsexec launch -- ls /etc/of-one
	check test "$status" != 0
	run nsexec enter "$container" -- cat /etc/of-one
	same "$output" one
}

@test "the host has not one mount more while a container runs" {
	before=$(wc -l </proc/self/mountinfo)
	launch -- sleep 1000
	same "$(wc -l </proc/self/mountinfo)" "$before"
}

@test "a mount that the host makes later does not show inside, nor the other way" {
	launch -- sleep 1000
	run unshare -m --propagation unchanged true
	run nsexec enter "$container" -- grep -c . /proc/self/mountinfo
	before=$output
	run nsexec enter "$container" -- sh -c "grep -c 'shared:\|master:' /proc/self/mountinfo || :"
	same "$output" 0
	run nsexec enter "$container" -- grep -c . /proc/self/mountinfo
	same "$output" "$before"
}

@test "where the kernel refuses the overlay, the directory is bound read-only, with a note in the log" {
	# something is mounted below it, and the user namespace is new: the mount is locked
	mkdir -p /opt/nsexec-test-below
	run unshare -m --propagation private sh -c '
		mount -t tmpfs below /opt/nsexec-test-below && echo x >/opt/nsexec-test-below/marker
		for debug in --no-tty --debug; do
			timeout 20 "$0" launch --ns user=new --uid-map 0:0:65536 --gid-map 0:0:65536 $debug -- \
				sh -c "cat /opt/nsexec-test-below/marker; touch /opt/y /opt/nsexec-test-below/y"
		done' "$NSEXEC"
	rmdir /opt/nsexec-test-below
	same "${lines[0]}" x
	same "$(grep -c 'touch: .*ead-only' <<<"$output")" 4
	has "$(grep DEBUG <<<"$output")" /opt
	lacks "${lines[0]}${lines[1]}${lines[2]}" "nsexec launch"
	check_not test -e /opt/y
}

@test "what is mounted below a system directory of the host is not visible or read-only" {
	mkdir -p /opt/nsexec-test-below2
	run unshare -m --propagation private sh -c '
		mount -t tmpfs below /opt/nsexec-test-below2
		timeout 20 "$0" launch -- touch /opt/nsexec-test-below2/x
		find /opt/nsexec-test-below2 -type f' "$NSEXEC"
	rmdir /opt/nsexec-test-below2
	lacks "$output" /opt/nsexec-test-below2/x
}

@test "the devices are the usual ones and work" {
	run nsexec launch -- sh -c 'echo x >/dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 8 /dev/urandom | wc -c; (echo x >/dev/full) 2>/dev/null || echo full; ls -ld /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx | wc -l'
	same "$output" $' 00 00 00\n8\nfull\n5'
	run nsexec launch -- sh -c 'find /dev -type b; ls /dev/sd* /dev/vd* /dev/mem /dev/kmsg 2>/dev/null'
	same "$output" ""
	run nsexec launch -- sh -c 'mknod /dev/mem2 c 1 1 && cat /dev/mem2; mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem'
	check test "$status" != 0
}

@test "terminals of its own: /dev/pts is a new instance" {
	run nsexec launch -- sh -c 'ls /dev/pts; stat -f -c %T /dev/pts'
	same "$output" $'ptmx\ndevpts'
	run nsexec launch -- python3 -c 'import os; m, s = os.openpty(); print(os.ttyname(s))'
	[ "$status" = 127 ] || same "$output" /dev/pts/0
}

@test "the host's own directories cannot be reached through /proc, .. or open descriptors" {
	run nsexec launch -- sh -c 'ls /proc/1/root/.. /../.. / | sort -u; ls -l /proc/self/fd'
	lacks "$output" "/work"
	lacks "$output" "$PWD"
	run nsexec launch --cap-add SYS_CHROOT -- sh -c 'mkdir -p /tmp/a; cd /; chroot /tmp/a true 2>/dev/null; ls -d /work /boot 2>/dev/null'
	same "$output" ""
}

@test "the old root is gone from the mount table" {
	run nsexec launch -- grep -vE ' (/|/usr|/etc|/opt|/bin|/sbin|/lib|/lib32|/lib64|/libx32|/etc/[^ ]*|/proc|/proc/[^ ]*|/dev|/dev/[^ ]*|/sys|/sys/[^ ]*) ' /proc/mounts
	same "$output" ""
}

@test "sysfs, procfs and cgroupfs are of the new namespaces and not writable" {
	run nsexec launch -- sh -c 'ls /sys/class/net; touch /sys/class/net/x; echo 1 >/proc/sys/net/ipv4/ip_forward'
	has "$output" lo
	check test "$status" != 0
}
