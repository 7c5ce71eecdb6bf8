# SPDX-License-Identifier: Apache-2.0
# A thin front of meson: two build folders, build/static with musl for the command and the helper image, build/system
# with the system's C library for libnsexec and the tests.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
CC ?= cc

VERSION := 0.1.0
COMMIT := $(shell git -C $(CURDIR) rev-parse --short=12 HEAD 2>/dev/null || cat .commit 2>/dev/null || echo unknown)
ARCH := $(shell uname -m)
STATIC := build/static
SYSTEM := build/system
NSEXEC := $(STATIC)/src/cli/nsexec
IMAGE := $(CURDIR)/$(STATIC)/src/nsexec-image
MUSL := $(wildcard /usr/lib/$(ARCH)-linux-musl/libc.a)
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

all: build

deps:
	@tools/install-deps --for build

# without musl the command is linked statically with the system's C library
$(STATIC)/native.ini:
	@mkdir -p $(STATIC)
	@printf '[binaries]\nc = [%s]\n' "$(if $(MUSL),'$(CURDIR)/tools/musl-cc','cc')" >$@

$(STATIC)/build.ninja: $(STATIC)/native.ini
	@meson setup $(STATIC) --native-file $(STATIC)/native.ini -Dlibraries=false -Dcommit=$(COMMIT) \
		$(if $(MUSL),,-Dc_link_args=-static-pie) >$(STATIC).log || { cat $(STATIC).log; exit 1; }

$(SYSTEM)/build.ninja: $(STATIC)/build.ninja
	@meson setup $(SYSTEM) -Dimage=$(IMAGE) -Dprograms=false -Dtests=true -Dbench=true -Ddocs=true \
		--prefix $(PREFIX) --libdir $(LIBDIR) >$(SYSTEM).log || { cat $(SYSTEM).log; exit 1; }

static: deps
	@$(MAKE) --no-print-directory $(STATIC)/build.ninja
	@[ "$$(cat $(STATIC)/.commit 2>/dev/null)" = $(COMMIT) ] || { meson configure $(STATIC) -Dcommit=$(COMMIT) >/dev/null && \
		ninja -C $(STATIC) build.ninja >$(STATIC).log && echo $(COMMIT) >$(STATIC)/.commit; }
	@ninja -C $(STATIC) --quiet

system: static
	@$(MAKE) --no-print-directory $(SYSTEM)/build.ninja
	@[ "$$(cat $(SYSTEM)/.prefix 2>/dev/null)" = $(PREFIX):$(LIBDIR) ] || { meson configure $(SYSTEM) -Dprefix=$(PREFIX) \
		-Dlibdir=$(LIBDIR) >/dev/null && ninja -C $(SYSTEM) build.ninja >$(SYSTEM).log && echo $(PREFIX):$(LIBDIR) >$(SYSTEM)/.prefix; }
	@ninja -C $(SYSTEM) --quiet

build: system

run: static
	@tools/demo $(NSEXEC)

test: export NSX_MAKE_TEST = 1
test:
	@tools/install-deps --for test
	@$(MAKE) --no-print-directory build
	@tools/test

bench:
	@tools/install-deps --for bench
	@$(MAKE) --no-print-directory build
	@ninja -C $(SYSTEM) --quiet bench/lib_bench
	@$(AS_ROOT) bench/run $(BENCH)

lint:
	@tools/install-deps --for lint
	@$(MAKE) --no-print-directory build
	@tools/lint | tools/tap-summary

fuzz:
	@tools/install-deps --for test
	@tools/fuzz $(FUZZ)

install: system
	@DESTDIR=$(abspath $(DESTDIR)) meson install -C $(SYSTEM) --no-rebuild --quiet
	@install -D -m 755 $(NSEXEC) $(DESTDIR)$(PREFIX)/bin/nsexec
	@strip $(DESTDIR)$(PREFIX)/bin/nsexec

# what `install` has put there, as meson knows it
uninstall:
	@meson introspect $(SYSTEM) --installed | python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin).values()))' | \
		while read -r file; do rm -rf "$(DESTDIR)$$file"; done
	@rm -f $(DESTDIR)$(PREFIX)/bin/nsexec $(DESTDIR)$(LIBDIR)/libnsexec.so $(DESTDIR)$(LIBDIR)/libnsexec.so.0

dist: static
	@tools/dist $(VERSION) $(COMMIT)

clean:
	rm -rf build dist

.PHONY: all deps static system build run test bench lint fuzz install uninstall dist clean
