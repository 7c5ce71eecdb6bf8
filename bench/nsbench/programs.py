# SPDX-License-Identifier: Apache-2.0
"""Compiles the bench's own C programs."""

import os
import subprocess

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
