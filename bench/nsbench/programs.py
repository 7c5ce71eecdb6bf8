# SPDX-License-Identifier: Apache-2.0
"""Compiles the bench's own C programs."""

import glob
import os
import shutil
import subprocess

RUNC = "github.com/opencontainers/runc@v1.5.2"  # its C constructor is a peer

# No libc, as few pages as possible: what starting a program costs shall not be part of the floor.
BARE = (
    "-nostdlib -static -ffreestanding -O2 -fno-stack-protector -fno-pie -no-pie "
    "-fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noseparate-code "
    "-Wl,-z,norelro -Wl,-z,noexecstack"
).split()
HOSTED = "-std=c17 -O2 -Wall -Wextra".split()

PROGRAMS = {
    "true": ("true.S", BARE),
    "pause": ("pause.c", BARE),
    "memrun": ("memrun.c", BARE),
    "floor_enter": ("floor_enter.c", BARE),
    "floor_create": ("floor_create.c", BARE),
    "report": ("report.c", HOSTED + ["-static"]),
    "driver": ("driver.c", HOSTED),
    "target": ("target.c", HOSTED),
    "filter_size": ("filter_size.c", HOSTED),
    "inproc": ("inproc.c", HOSTED + ["-pthread"]),
}


def build(source_dir, out_dir):
    """Compile everything into out_dir. CC may hold options: CC="gcc -m64"."""
    compiler = os.environ.get("CC", "cc").split()
    for name, (source, flags) in PROGRAMS.items():
        subprocess.run(
            compiler + flags + ["-o", f"{out_dir}/{name}", f"{source_dir}/{source}"], check=True
        )


def _runc_sources():
    """runc's C files, out of the Go module cache; none without Go or without the module."""
    if not shutil.which("go"):
        return []
    found = subprocess.run(
        ["go", "mod", "download", "-json", RUNC], cwd="/", capture_output=True, text=True, check=False
    )
    line = next((x for x in found.stdout.splitlines() if '"Dir":' in x), "")
    return glob.glob(line.split('"')[3] + "/libcontainer/nsenter/*.c") if line else []


def build_bootstrap(source_dir, out_dir, archive):
    """The programs of the row "bootstrap", as far as they can be built."""
    compiler = os.environ.get("CC", "cc").split()
    main = f"{source_dir}/boot_main.c"
    subprocess.run(
        [*compiler, *HOSTED, "-pthread", "-o", f"{out_dir}/boot_bench", f"{source_dir}/boot_bench.c"],
        check=True,
    )
    for name, parts in (("boot_ours", glob.glob(archive)), ("boot_runc", _runc_sources())):
        if parts:
            argv = [*compiler, "-O2", "-w", "-o", f"{out_dir}/{name}", main, *parts]
            subprocess.run(argv, check=False)


# The Go programs: folder of their module, package, name. runc's needs its module, and a newer Go than the others.
GO_PROGRAMS = (
    ("go", "./agent", "go_agent"),
    ("go", "./boot", "go_boot"),
    ("../go/internal/runcnewtest", "./boot", "go_boot_runc"),
)


def build_go(source_dir, out_dir):
    """What can be built of them; the rest is said to be missing."""
    if not shutil.which("go"):
        return
    for folder, package, name in GO_PROGRAMS:
        argv = ["go", "build", "-o", f"{out_dir}/{name}", package]
        subprocess.run(argv, cwd=f"{source_dir}/{folder}", check=False)
