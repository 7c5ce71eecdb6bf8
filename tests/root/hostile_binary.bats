#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CVE-2019-5736: the container executes what executes it, and tries to write to it. Copies are attacked, never what is tested.

load hostile

# A copy of the program and of the library's caller on a writable mount, whose bytes are compared.
ours() {
	cp "$NSEXEC" "$W/nsexec"
	cp "$CALLER" "$W/caller"
	sha256sum "$W/nsexec" "$W/caller" >"$W/sums"
}

# The writer tries for 3 s to open /proc/*/exe of all that is not the container's own, and writes where it can.
writer() {
	target --seccomp unconfined "$@" -- /bin/helper overwrite /bin/helper /bin/busybox 30
}

unharmed() {
	end_target
	cat "$W/target.out"
	! grep '^violation' "$W/target.out" || fail "it could write"
	sha256sum -c --quiet "$W/sums" || fail "a program of the host was changed"
	host_unchanged
}

# scripts COMMAND...: what runs /bin/evil and /bin/evil2, whose interpreter is the program itself
scripts() {
	local i program
	printf '#!/proc/self/exe\n' >"$R/bin/evil"
	printf '#!/proc/self/exe launch\n' >"$R/bin/evil2"
	ln -sf /proc/self/exe "$R/bin/evil3"
	chmod 755 "$R/bin/evil" "$R/bin/evil2"
	for i in 1 2 3 4 5; do
		for program in /bin/evil /bin/evil2 /bin/evil3 /proc/self/exe /proc/1/exe; do
			run_quietly timeout 5 "$@" "$program" wait
		done
	done
}

@test "CVE-2019-5736: enter, with #!/proc/self/exe and /proc/self/exe as the program" {
	ours
	writer
	scripts "$W/nsexec" enter --no-tty "$target" --
	unharmed
	grep -q 'foreign [1-9]' "$W/target.out" || fail "no foreign program was seen: nothing was tried"
}

@test "CVE-2019-5736: the same with CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_DAC_OVERRIDE" {
	ours
	writer --cap-add SYS_PTRACE,SYS_ADMIN
	scripts "$W/nsexec" enter --no-tty "$target" --
	unharmed
	grep -q 'foreign [1-9]' "$W/target.out" || fail "no foreign program was seen: nothing was tried"
}

@test "CVE-2019-5736: launch into the pid namespace of the writer" {
	ours
	writer
	scripts "$W/nsexec" launch --rootfs "$R" --no-tty --net host --seccomp unconfined --ns pid="/proc/$target/ns/pid" --
	unharmed
	grep -q 'foreign [1-9]' "$W/target.out" || fail "no foreign program was seen: nothing was tried"
}

@test "CVE-2019-5736: a caller of the library, not static, on a writable mount" {
	ours
	writer
	scripts "$W/caller" enter "$target"
	unharmed
	grep -q 'foreign [1-9]' "$W/target.out" || fail "no foreign program was seen: nothing was tried"
}

@test "CVE-2019-5736: an init of ours in the container is a sealed file" {
	ours
	printf '#!/proc/self/exe\n' >"$R/bin/evil"
	chmod 755 "$R/bin/evil"
	target --seccomp unconfined --init -- /bin/helper overwrite /bin/helper /bin/busybox 30
	scripts "$W/nsexec" enter --no-tty "$target" --
	unharmed
	grep -q 'foreign [1-9]' "$W/target.out"
}

@test "CVE-2019-5736: an unprivileged caller's own copy is not changed by his own container" {
	[ -e /proc/sys/user/max_user_namespaces ] || skip "no user namespaces"
	ours
	mkdir "$W/home" "$R/proc" "$R/sys" "$R/dev"
	cp "$NSEXEC" "$W/home/nsexec"
	printf '#!/proc/self/exe\n' >"$R/bin/evil"
	chmod 755 "$R/bin/evil" "$W"
	chown -R 12345:12345 "$W/home" "$R"
	sha256sum "$W/home/nsexec" >>"$W/sums"
	timeout -k 2 50 setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all "$W/home/nsexec" launch --no-tty \
		--rootfs "$R" --pid-file "$W/home/pid" --seccomp unconfined --cap-add ALL --die-with-parent \
		-- /bin/helper overwrite /bin/helper /bin/busybox 30 >"$W/target.out" 2>"$W/target.err" </dev/null 3>&- &
	launcher=$!
	STARTED="$STARTED $launcher"
	for i in {1..100}; do
		[ -s "$W/home/pid" ] && grep -q ready "$W/target.out" && break
		sleep 0.02
	done
	target=$(cat "$W/home/pid")
	scripts setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all "$W/home/nsexec" enter --no-tty "$target" --
	unharmed
	grep -q 'foreign [1-9]' "$W/target.out" || fail "no foreign program was seen: nothing was tried"
}
