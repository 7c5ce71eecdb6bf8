# SPDX-License-Identifier: Apache-2.0
"""Runs contenders, and makes numbers of what comes back."""

import random
import subprocess

from . import compare
from .contenders import REPORT, TRUE

PAUSE_MS = 30
WARMUP_ROUNDS = 3
TIMEOUT_MS = 10000


def quantile(samples, part):
    """Linear between the neighbours."""
    ordered = sorted(samples)
    at = (len(ordered) - 1) * part
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def time_them(ctx, contenders, rounds, pause_ms):
    """Return {name: [microseconds]} and {name: reason} of those that failed."""
    spec = "".join(
        "\t".join([c.name, str(c.every), c.kind, *c.command(TRUE)]) + "\n" for c in contenders
    )
    argv = [
        ctx.program("driver"),
        str(rounds),
        str(WARMUP_ROUNDS),
        str(pause_ms),
        str(TIMEOUT_MS),
        str(random.getrandbits(63)),
    ]
    result = ctx.run(argv, input=spec, cwd="/")
    if result.returncode != 0:
        raise RuntimeError(f"driver: {result.stderr.strip()}")

    samples, failed = {c.name: [] for c in contenders}, {}
    for line in result.stdout.splitlines():
        name, value, *reason = line.split("\t")
        if value == "FAIL":
            failed[name] = reason[0].strip()
        else:
            samples[name].append(int(value) / 1000)
    return samples, failed


def report_of(ctx, contender):
    """Run a contender with the report payload. Return (report, reason of failure)."""
    argv = contender.command(REPORT, mode="once")
    try:
        result = ctx.run(argv, cwd="/", timeout=TIMEOUT_MS / 1000)
    except subprocess.TimeoutExpired:
        return None, "time limit"
    if result.returncode != 0:
        said = " ".join(result.stderr.split())[-300:]
        return None, f"exit status {result.returncode}: {said}"
    return compare.parse(result.stdout), None
