# SPDX-License-Identifier: Apache-2.0
"""The part of the bench that runs in the private namespaces of one view."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

from . import compare, counts, output, rows, targets, view
from .contenders import Makers

JOBS = {
    "enter": rows.enter,
    "enter-v1": rows.enter_v1,
    "lib-enter": rows.lib_enter,
    "lib-heap": rows.lib_heap,
    "launch-host": rows.launch_host,
    "launch-all": rows.launch_all,
    "filter": counts.seccomp_filter,
    "call": rows.call,
    "memory": counts.memory,
    "syscalls": counts.syscalls,
    "crowd": rows.crowd,
    "bootstrap-create": rows.bootstrap_create,
    "bootstrap-join": rows.bootstrap_join,
    "bootstrap-go": rows.bootstrap_go,
    "go-enter": rows.go_enter,
    "go-module": rows.go_module,
}


class Context:
    """What the jobs share."""

    def __init__(self, settings):
        self.options = SimpleNamespace(**settings["options"])
        self.view, self.programs, self.dir = (
            settings["view"],
            settings["programs"],
            settings["dir"] + "/run",
        )
        self.rounds, self.cycles = self.options.rounds, 2 if self.options.quick else 3
        self.cgroups = view.Cgroups(settings["name"])
        self.rootfs = self.dir + "/root"
        self.host_report, self.serial = {}, 0

    def program(self, name):
        return f"{self.programs}/{name}"

    def run(self, argv, pipes=True, **more):
        """Without pipes: what stays running would hold them open."""
        if pipes:
            where = {"capture_output": True}
        else:
            where = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if "input" not in more:
            more["stdin"] = subprocess.DEVNULL
        result = subprocess.run(
            argv, text=True, errors="replace", check=False, close_fds=False, **where, **more
        )
        result.stderr = result.stderr or ""
        return result

    def report_of_process(self, pid):
        """What the report payload would say of a running process, as far as it shows here."""
        report = {f"ns.{k}": str(os.stat(f"/proc/{pid}/ns/{k}").st_ino) for k in compare.KINDS}
        report.update({f"cgroup.{k}": v for k, v in view.own_cgroups(pid).items()})
        return report

    @contextlib.contextmanager
    def many_mounts(self, count):
        top = self.dir + "/mounts"
        os.makedirs(top, exist_ok=True)
        view.mount("tmpfs", top, "tmpfs")
        try:
            os.mkdir(f"{top}/source")
            for i in range(count):
                os.mkdir(f"{top}/{i}")
                view.mount(f"{top}/source", f"{top}/{i}", flags=view.MS_BIND)
            yield
        finally:
            view.umount(top)

    def remove_cgroup(self, path):
        view.remove_cgroup(path)


def _stop(*unused):
    raise KeyboardInterrupt


def main(settings):
    """Run the jobs of one view, write the results to settings["result"]. Return the exit status."""
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, _stop)  # process 1 of a pid namespace has no default actions
    ctx = Context(settings)
    results = []
    try:
        os.makedirs(ctx.dir, exist_ok=True)
        view.mount("tmpfs", ctx.dir, "tmpfs", data="mode=755")  # goes away with the mount namespace
        targets.make_rootfs(ctx, ctx.rootfs)
        ctx.host_report = compare.parse(ctx.run([ctx.program("report")]).stdout)
        makers = Makers(ctx)
        for name in settings["rows"]:
            result = JOBS[name](ctx, makers)
            results.append(result)
            output.print_row(result)
        return 0
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctx.cgroups.remove_all()
        with open(settings["result"], "w", encoding="utf-8") as f:
            json.dump(results, f)
