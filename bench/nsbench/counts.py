# SPDX-License-Identifier: Apache-2.0
"""The jobs where something is counted: memory, system calls, filter instructions."""

import os
import re
import shutil
import subprocess
import time

from .contenders import TRUE
from .targets import Target

STEP_KIB, MEMORY_MAX_KIB, ATTEMPTS = 32, 8192, 3


def _result(ctx, row, title, unit):
    return {
        "row": row,
        "title": title,
        "view": ctx.view,
        "unit": unit,
        "missing": {},
        "counts": [],
        "bars": [],
    }


def _add(result, name, value, limit=None, note=""):
    result["counts"].append({"contender": name, "value": value, "note": note})
    if limit is not None:
        verdict = "pass" if value is not None and value <= limit else "FAIL"
        result["bars"].append(
            {"contender": name, "limit": limit, "ratio": None, "verdict": verdict}
        )


def _not_here(result, name, reason, judged):
    result["missing"][name] = reason
    if judged:
        result["bars"].append({"contender": name, "ratio": None, "verdict": "not here"})


def _failed(result, name, reason, judged):
    """One that does not work here is not here; ours has to work."""
    _not_here(result, name, reason, judged)
    if judged:
        result["bars"][-1].update(verdict="FAIL", why=reason)


# Memory.


def memory(ctx, makers):
    result = _result(
        ctx, "memory", "smallest limit on everything under which a launch works", "KiB"
    )
    hierarchy, limit_file, tasks_file, reason = ctx.cgroups.memory()
    for c in (
        makers.create_floor(False),
        makers.create_nsexec(False),
        makers.create_unshare(False),
        makers.create_bwrap(False),
    ):
        if reason or c.missing:
            _not_here(result, c.name, reason or c.missing, c.name == "nsexec" and not reason)
            continue
        why = _run_in_limit(ctx, c, hierarchy, limit_file, tasks_file, 64 * 1024)
        if why:
            _failed(result, c.name, why, c.name == "nsexec")
            continue
        _add(
            result,
            c.name,
            _smallest(ctx, c, hierarchy, limit_file, tasks_file),
            448 if c.name == "nsexec" else None,
        )
    for name in ("crun", "runc"):
        _not_here(result, name, "moves the container into another cgroup", False)
    return result


def _smallest(ctx, contender, *where):
    for kib in range(3 * STEP_KIB, MEMORY_MAX_KIB, STEP_KIB):
        if all(_run_in_limit(ctx, contender, *where, kib) is None for _ in range(ATTEMPTS)):
            return kib
    return None


def _run_in_limit(ctx, contender, hierarchy, limit_file, tasks_file, kib):
    """Each attempt has a cgroup of its own, so that nothing of an earlier one counts.

    Return None if it worked, else the reason.
    """
    ctx.serial += 1
    path = ctx.cgroups.make(hierarchy, f"memory-{ctx.serial}")
    with open(f"{path}/{limit_file}", "w", encoding="utf-8") as f:
        f.write(str(kib * 1024))
    try:
        r = ctx.run(
            [ctx.program("memrun"), f"{path}/{tasks_file}", *contender.command(TRUE)],
            cwd="/",
            timeout=5,
        )
        reason = (
            None if r.returncode == 0 else f"exit status {r.returncode}: {r.stderr.strip()[-200:]}"
        )
    except subprocess.TimeoutExpired:
        reason = "time limit"
    ctx.remove_cgroup(path)
    return reason


# System calls.

CALL = re.compile(r"^\d+ +(\w+)\(")


def count_calls(text):
    """System calls in the output of strace -f: all, and PR_CAPBSET_DROP among them."""
    calls = drops = 0
    for line in text.splitlines():
        if CALL.match(line):  # "<... x resumed>" is the second half of one
            calls += 1
            drops += "PR_CAPBSET_DROP" in line
    return calls, drops


def syscalls(ctx, makers):
    result = _result(
        ctx,
        "syscalls",
        "system calls of all processes together, dropped capabilities apart",
        "calls",
    )
    strace = shutil.which("strace")
    with Target(ctx, "syscalls") as t:
        jobs = [
            ("enter", c)
            for c in (makers.enter_floor(t), makers.enter_nsexec(t), makers.enter_nsenter(t))
        ]
        jobs += [
            ("launch", c)
            for c in (
                makers.create_floor(False),
                makers.create_nsexec(False),
                makers.create_unshare(False),
                makers.create_bwrap(False),
            )
        ]
        for what, c in jobs:
            name, judged = f"{c.name} {what}", (what, c.name) == ("enter", "nsexec")
            if not strace or c.missing:
                _not_here(result, name, c.missing or "strace is not installed", judged)
                continue
            log = f"{ctx.dir}/strace"
            r = ctx.run(
                [strace, "-f", "-qq", "-e", "signal=none", "-o", log, *c.command(TRUE)], cwd="/"
            )
            with open(log, encoding="utf-8", errors="replace") as f:
                calls, drops = count_calls(f.read())
            if r.returncode != 0:
                _failed(
                    result, name, f"exit status {r.returncode}: {r.stderr.strip()[-200:]}", judged
                )
                continue
            _add(
                result,
                name,
                calls - drops,
                80 if judged else None,
                f"+{drops} capabilities dropped" if drops else "",
            )
    return result


# The default seccomp filter.


def seccomp_filter(ctx, makers):
    result = _result(ctx, "filter", "default seccomp filter of a launch", "instructions")
    pid_file = f"{ctx.dir}/filter.pid"
    c = makers.nsexec(
        "launch",
        "--detach",
        "--pid-file",
        pid_file,
        "--ns",
        "net=host",
        "--rootfs",
        ctx.rootfs,
        "--",
        "/bin/pause",
    )
    if c.missing:
        _not_here(result, c.name, c.missing, True)
        return result

    r = ctx.run(c.command(), cwd="/", pipes=False)
    deadline = time.monotonic() + 2
    while not os.path.exists(pid_file) and time.monotonic() < deadline and r.returncode == 0:
        time.sleep(0.01)
    if not os.path.exists(pid_file):
        _failed(
            result,
            c.name,
            f"launch --detach: exit status {r.returncode}: {r.stderr.strip()[-200:]}",
            True,
        )
        return result

    with open(pid_file, encoding="utf-8") as f:
        pid = int(f.read())
    sizes = ctx.run([ctx.program("filter_size"), str(pid)])
    os.kill(pid, 9)
    if sizes.returncode != 0:
        _failed(result, c.name, sizes.stderr.strip(), True)
        return result
    numbers = [int(n) for n in sizes.stdout.split()]
    _add(result, c.name, sum(numbers), 150, f"{len(numbers)} filter(s)")
    if not numbers:  # nothing to be proud of
        result["bars"][-1]["verdict"] = "FAIL"
        result["bars"][-1]["why"] = "no filter at all"
    return result
