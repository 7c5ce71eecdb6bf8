#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The library as a package: headers, symbols, linking. Uses what `make build` made in build/system.

load ../helpers

lib=$top/build/system/src
headers=$top/include/nsexec

setup_file() {
	[ -e "$lib/libnsexec.a" ] || skip "build/system is not built"
}

setup() {
	common_setup
	cd "$BATS_TEST_TMPDIR"
	cat >prog.c <<-'END'
		#include <nsexec/nsexec.h>
		#include <stdio.h>
		int main(void)
		{
			struct nsexec_plan *plan = nsexec_plan_new();
			char *argv[] = { "/bin/sh", "-c", "exit 7", 0 };
			struct nsexec_process *process;
			struct nsexec_status status;
			struct nsexec_err err = { 0 };

			if (nsexec_plan_set_argv(plan, argv, &err) < 0 || nsexec_spawn(plan, 0, &process, &err) < 0 ||
			    nsexec_process_wait(process, -1, &status, &err) < 0)
				return 1;
			nsexec_process_free(process);
			nsexec_plan_free(plan);
			printf("%s %d\n", nsexec_version(), status.code);
			return 0;
		}
	END
}

# The functions that the headers declare.
declared() {
	sed -n '/^typedef/d; s/^[a-z].*\b\(nsexec_[a-z0-9_]*\|clone_parent\)(.*/\1/p' "$headers"/*.h | sort -u
}

@test "each public header compiles alone, as C99 and as C++17, with all warnings" {
	for header in "$headers"/*.h; do
		echo "#include <nsexec/${header##*/}>" >one.c
		run cc -std=c99 -Wall -Wextra -Wpedantic -Werror -D_DEFAULT_SOURCE -I"$top/include" -fsyntax-only one.c
		same "$status" 0 "$output"
		run cc -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$top/include" -fsyntax-only one.c
		same "$status" 0 "$output"
		if command -v c++ >/dev/null; then
			run c++ -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$top/include" -fsyntax-only one.c
			same "$status" 0 "$output"
		fi
	done
}

@test "a header may be included twice" {
	for header in "$headers"/*.h; do
		printf '#include <nsexec/%s>\n#include <nsexec/%s>\n' "${header##*/}" "${header##*/}" >two.c
		run cc -std=c99 -Werror -I"$top/include" -fsyntax-only two.c
		same "$status" 0 "$output"
	done
}

@test "what libnsexec.map lists, the library exports, and the headers declare is the same" {
	diff <(sed -n 's/^[[:space:]]*\(nsexec_[a-z0-9_]*\|clone_parent\);.*/\1/p' "$top/src/lib/libnsexec.map" | sort) <(declared) || fail "above: the map (<) and the headers (>)"
	diff <(nm -D --defined-only "$lib/libnsexec.so" | awk '$2 ~ /[TDBRVW]/ { sub(/@.*/, "", $3); print $3 }' | grep -v '^LIBNSEXEC' | sort) <(declared) ||
		fail "above: the exports (<) and the headers (>)"
}

@test "the soname is libnsexec.so.0, and libc is all that it needs" {
	run readelf -d "$lib/libnsexec.so"
	has "$output" "[libnsexec.so.0]"
	needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$output" | grep -v '^ld-linux')
	same "$needed" libc.so.6
}

@test "a program links with libnsexec.a and nothing else, and works" {
	run cc -std=c99 -I"$top/include" prog.c "$lib/libnsexec.a" -o prog
	same "$status" 0 "$output"
	run ./prog
	same "$output" "$(sed -n 's/.*NSEXEC_VERSION "\(.*\)"/\1/p' "$headers/version.h") 7"
}

@test "a program links with -lnsexec, and works" {
	run cc -std=c99 -I"$top/include" prog.c -L"$lib" -lnsexec -o prog
	same "$status" 0 "$output"
	LD_LIBRARY_PATH=$lib run ./prog
	has "$output" " 7"
}

@test "a static program links" {
	run cc -static -I"$top/include" prog.c "$lib/libnsexec.a" -o prog
	same "$status" 0 "$output"
	run ./prog
	has "$output" " 7"
}

@test "a C++ program links" {
	command -v c++ >/dev/null || skip "no c++"
	printf '#include <nsexec/nsexec.h>\nint main() { return nsexec_plan_free(nsexec_plan_new()) != nullptr; }\n' >prog.cc
	run c++ -std=c++17 -I"$top/include" prog.cc "$lib/libnsexec.a" -o prog
	same "$status" 0 "$output"
	run ./prog
	same "$status" 0
}

@test "a program that is linked lazily looks up no function for us at its first call, which may be a child's" {
	cat >empty.c <<-'END'
		extern void nsexec(void), *nsexec_spawn, *nsexec_call, *nsexec_module_run, *clone_parent;
		void *volatile all[] = { &nsexec_spawn, &nsexec_call, &nsexec_module_run, &clone_parent };
		int main(void) { nsexec(); return 0; }
	END
	gcc -w -Wl,-z,lazy -o empty empty.c "$lib/libnsexec.a" "$lib/libnsexec-bootstrap.a"
	same "$(readelf -rW empty | grep -c JUMP_SLO)" 0
}

@test "clone_parent() works with musl, too" {
	command -v musl-gcc >/dev/null || skip "no musl-gcc"
	run "$top/tools/musl-cc" -static -D_GNU_SOURCE -I"$top/tests" -I"$top/include" -I"$top/src" -o test "$top/tests/unit/test_clone_parent.c" \
		"$top/build/static/src/libnsexec.a"
	same "$status" 0 "$output"
	run ./test
	same "$status" 0 "$output"
	lacks "$output" SKIP
}

@test "the archive is plain ELF, and its global symbols have our prefixes" {
	mkdir objects
	(cd objects && ar x "$lib/libnsexec.a" 2>/dev/null) || skip "a thin archive: make install makes a plain one"
	for object in objects/*; do
		has "$(file -b "$object" 2>/dev/null || echo ELF)" ELF
	done
	run readelf -SW objects/*
	lacks "$output" .gnu.lto
	run bash -c "nm -g --defined-only '$lib/libnsexec.a' 2>/dev/null | awk 'NF == 3 { print \$3 }' | grep -vE '^(nsexec_|nsx_|clone_parent$)'"
	same "$output" ""
}

@test "the library has no writable global state" {
	run bash -c "size -A '$lib/libnsexec.a' | awk '(\$1 ~ /^\.(data|bss)/ && \$1 !~ /^\.data\.rel\.ro/) && \$2 > 0'"
	same "$output" ""
}

@test "the library does not write to stderr or end the process" {
	run bash -c "nm -u '$lib/libnsexec.a' 2>/dev/null | awk '{ print \$2 }' | grep -xE 'stderr|stdout|perror|printf|vprintf|fprintf|vfprintf|puts|exit|abort|err|errx|warn|warnx|syslog|__assert_fail|getenv|setenv|signal|umask|chdir'"
	for symbol in $output; do
		case $symbol in
		umask | chdir | signal) ;; # of the child only, never of the caller: test_spawn looks
		*) fail "libnsexec.a uses $symbol" ;;
		esac
	done
}

@test "the release binary is one static file below 2 MiB, position independent, with full RELRO" {
	[ -e "$NSEXEC" ] || skip "build/static is not built"
	run readelf -hldW "$NSEXEC"
	has "$output" "DYN "
	has "$output" GNU_RELRO
	lacks "$output" INTERP
	lacks "$output" "(NEEDED)"
	has "$output" BIND_NOW
	lacks "$(grep GNU_STACK <<<"$output")" RWE
	cp "$NSEXEC" ./copy
	strip ./copy
	check test "$(stat -c %s ./copy)" -lt 2097152
	run ./copy --version
	same "$status" 0
}
