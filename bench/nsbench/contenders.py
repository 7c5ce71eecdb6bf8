# SPDX-License-Identifier: Apache-2.0
"""Who takes part in which job, and with which command line."""

import os
import shutil
from dataclasses import dataclass, field

PAYLOAD = "@payload@"
TRUE, REPORT = "/bin/true", "/bin/report"


@dataclass
class Contender:
    """One command line. kind "serve": a program that measures itself, see driver.c."""

    name: str
    argv: list = field(default_factory=list)
    kind: str = "exec"
    every: int = 1  # slow ones run in each Nth round only
    missing: str = ""  # why it is not here
    elsewhere: bool = False  # enters a container of its own

    def command(self, payload=TRUE, mode="serve"):
        known = {"@mode@": mode, PAYLOAD: payload}
        name = os.path.basename(payload)
        return [known.get(a, a.replace("@name@", name)) for a in self.argv]


def tool(name, *args, **more):
    """A contender that is a program of the system."""
    path = shutil.which(name)
    if not path:
        return Contender(name, missing="not installed")
    return Contender(name, [path, *args], **more)


class Makers:
    """Makes the contenders of a view. ctx: see stage.Context."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.rootfs = ctx.rootfs

    def nsexec(self, *args, name="nsexec"):
        path = self.ctx.options.nsexec
        if not os.access(path, os.X_OK):
            return Contender(name, missing=f"{path} does not exist")
        return Contender(name, [path, *args])

    def inproc(self, job, target, cgroup_fd, name, payload=PAYLOAD):
        argv = [
            self.ctx.program("inproc"),
            job,
            "0",
            "0",
            "@mode@",
            str(target),
            cgroup_fd,
            payload,
        ]
        return Contender(name, argv, kind="serve")

    def library(self, job, target, name, heap_mib=0, threads=0):
        path = self.ctx.options.lib_bench
        if not path or not os.access(path, os.X_OK):
            return Contender(name, missing=f"lib_bench is not built ({path or 'see --lib-bench'})")
        return Contender(
            name,
            [path, job, str(heap_mib), str(threads), "@mode@", str(target), "-", PAYLOAD],
            kind="serve",
        )

    def bootstrap(self, job, target, name, program):
        path = self.ctx.program(program)
        if not os.access(path, os.X_OK):
            return Contender(name, missing="not built: no sources of runc (Go), or no archive of ours")
        argv = [self.ctx.program("boot_bench"), job, "0", "0", "serve", str(target), "-", path]
        return Contender(name, argv, kind="serve")

    def go_agent(self, job, target, name, heap_mib=0):
        path = self.ctx.program("go_agent")
        if not os.access(path, os.X_OK):
            return Contender(name, missing="not built: no Go")
        argv = [path, job, str(heap_mib), "0", "@mode@", str(target), "-", PAYLOAD]
        return Contender(name, argv, kind="serve")

    def engine_exec(self, engine):
        """exec into a container of the engine's own: it can enter no other."""
        if not engine.path:
            return Contender(engine.name, missing="not installed")
        reason = engine.start()
        if reason:
            return Contender(engine.name, missing=reason)
        return Contender(
            engine.name, [*engine.base, "exec", "inside", PAYLOAD], every=5, elsewhere=True
        )

    def engine_run(self, engine, net):
        if not engine.path:
            return Contender(engine.name, missing="not installed")
        kind = "net" if net else "host"
        for payload in (TRUE, REPORT):
            engine.bundle(f"{kind}-{os.path.basename(payload)}", [payload], net)
        argv = [*engine.base, "run", "--bundle", f"{engine.state}/{kind}-@name@", f"{kind}-@name@"]
        return Contender(engine.name, argv, every=5)

    # Entering.

    def enter_nsexec(self, target, name="nsexec"):
        return self.nsexec("enter", "--no-seccomp", str(target.pid), "--", PAYLOAD, name=name)

    def enter_floor(self, target, name="floor"):
        return Contender(
            name, [self.ctx.program("floor_enter"), str(target.pid), target.cgroup_fd, PAYLOAD]
        )

    def enter_nsenter(self, target, name="nsenter"):
        contender = tool("nsenter", "-t", str(target.pid), "-a", PAYLOAD)
        contender.name = name
        return contender

    # Creating; net: with a network namespace of its own.

    def create_nsexec(self, net):
        kinds = [] if net else ["--ns", "net=host"]
        return self.nsexec("launch", *kinds, "--rootfs", self.rootfs, "--", PAYLOAD)

    def create_floor(self, net):
        return Contender(
            "floor",
            [self.ctx.program("floor_create"), "net" if net else "host", self.rootfs, PAYLOAD],
        )

    def create_unshare(self, net):
        kinds = ["-n"] if net else []
        return tool(
            "unshare",
            "-m",
            "-p",
            "-i",
            "-u",
            "-C",
            *kinds,
            "-f",
            "-R",
            self.rootfs,
            "--mount-proc",
            PAYLOAD,
        )

    def create_bwrap(self, net):
        # --as-pid-1: ours starts the payload as process 1 too, bwrap shall not need an init.
        kinds = ["--unshare-net"] if net else []
        return tool(
            "bwrap",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup",
            *kinds,
            "--as-pid-1",
            "--bind",
            self.rootfs,
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            PAYLOAD,
        )
