# SPDX-License-Identifier: Apache-2.0
"""The timed jobs: their contenders and bars, and how one of them is run."""

import statistics
import time
from dataclasses import dataclass

from . import compare, measure, view
from .targets import Engine, Target


@dataclass
class Bar:
    """ours may take at most limit times what peer takes.

    An aim fails nothing; limit 0 only shows the ratio.
    """

    peer: str
    limit: float
    ours: str = "nsexec"
    paused: bool = False
    aim: bool = False


CONFINED = {"drops CapBnd", "drops CapEff", "no_new_privs"}
CREATED = (
    {f"ns {k}" for k in ("mnt", "pid", "ipc", "uts", "cgroup")} | CONFINED | {"seccomp", "/dev"}
)
CALLED = {f"ns {k}" for k in ("mnt", "net", "ipc", "uts", "cgroup")}
SETTLE_SECONDS = 2  # the kernel takes a thousand containers away in the background
OURS = ("nsexec", "library", "go")


class Job:
    """A timed job in one view: checks its contenders, times them, compares."""

    def __init__(self, ctx, name, title, bars, target=None, needs=None):
        """needs: what ours has to do to be compared; by default all that the target differs in."""
        self.ctx, self.name, self.title, self.bars, self.target = ctx, name, title, bars, target
        self.result = {
            "row": name,
            "title": title,
            "view": ctx.view,
            "reports": {},
            "missing": {},
            "failed": {},
            "times": [],
            "bars": [],
        }
        self.features, self.needs = {}, needs or set()

    def check(self, contenders, creates):
        """Run each with the report payload; leave out those that do not work here."""
        here = []
        target = self.ctx.report_of_process(self.target.pid) if self.target else None
        if target and not self.needs:
            host = self.ctx.host_report
            differs = {k.replace(".", " ") for k in target if target[k] != host.get(k)}
            self.needs = differs | CONFINED
        for c in contenders:
            report, reason = (None, c.missing) if c.missing else measure.report_of(self.ctx, c)
            if reason:
                # One that does not work here is not here; ours has to work.
                is_ours = not c.missing and c.name.startswith(OURS)
                self.result["failed" if is_ours else "missing"][c.name] = reason
                continue
            done = compare.features(
                report, self.ctx.host_report, None if c.elsewhere else target, creates
            )
            self.features[c.name] = done
            self.result["reports"][c.name] = compare.describe(report, done, c.elsewhere)
            here.append(c)
        return here

    def time(self, contenders, pauses=(0, measure.PAUSE_MS)):
        for pause_ms in pauses:
            rounds = self.ctx.rounds if not pause_ms else max(10, self.ctx.rounds // 2)
            samples, failed = measure.time_them(self.ctx, contenders, rounds, pause_ms)
            self.result["failed"].update(failed)
            self.add_times(samples, pause_ms)

    def add_times(self, samples, pause_ms):
        for name, values in samples.items():
            if values:
                self.result["times"].append(
                    {
                        "contender": name,
                        "pause_ms": pause_ms,
                        "runs": len(values),
                        "median_us": statistics.median(values),
                        "p10_us": measure.quantile(values, 0.1),
                    }
                )

    def time_of(self, name, pause_ms, key):
        for t in self.result["times"]:
            if t["contender"] == name and t["pause_ms"] == pause_ms:
                return t[key]
        return None

    def ratio(self, bar, pause_ms, key):
        ours, peer = (self.time_of(n, pause_ms, key) for n in (bar.ours, bar.peer))
        return ours / peer if ours and peer else None

    def finish(self, pauses=(0, measure.PAUSE_MS)):
        """Judge all bars; with the pause, those that are for back to back are only shown."""
        for pause_ms in pauses:
            for bar in self.bars:
                has_own = any(
                    b.paused and b.peer == bar.peer and b.ours == bar.ours for b in self.bars
                )
                if bar.paused and not pause_ms or pause_ms and not bar.paused and has_own:
                    continue
                self.result["bars"].append(self._judge(bar, pause_ms))
        return self.result

    def _judge(self, bar, pause_ms):
        shown = not bar.limit or (bool(pause_ms) and not bar.paused)
        ours = self.features.get(bar.ours.removesuffix("-crowd"), set())
        more = self.features.get(bar.peer.removesuffix("-empty"), set()) - ours
        less = self.needs - ours
        judged = {
            "contender": bar.ours,
            "peer": bar.peer,
            "pause_ms": pause_ms,
            "limit": bar.limit,
            "aim": bar.aim,
            "ratio": self.ratio(bar, pause_ms, "median_us"),
            "ratio_p10": self.ratio(bar, pause_ms, "p10_us"),
        }
        if bar.ours in self.result["missing"] or bar.peer in self.result["missing"]:
            judged["verdict"] = "info" if shown else "not here"
        elif self.result["failed"] or judged["ratio"] is None:
            judged["verdict"] = "info" if shown else "FAIL"
            judged["why"] = "a run failed"
        elif more or (less and bar.limit):
            judged["verdict"] = "info" if shown else "FAIL"
            judged["ratio"] = None
            judged["why"] = (
                f"not compared: {bar.peer} does more: {', '.join(sorted(more))}"
                if more
                else f"not compared: {bar.ours} leaves out: {', '.join(sorted(less))}"
            )
        elif shown:
            judged["verdict"] = "info"
        elif bar.aim:
            judged["verdict"] = "met" if judged["ratio"] <= bar.limit else "missed"
        else:
            judged["verdict"] = "pass" if judged["ratio"] <= bar.limit else "FAIL"
        return judged


def _run(job, contenders, creates=False, pauses=(0, measure.PAUSE_MS)):
    here = job.check(contenders, creates)
    if here:
        job.time(here, pauses)
    return job.finish(pauses)


def enter(ctx, makers):
    bars = [Bar("nsenter", 0.5), Bar("nsenter", 0.62, paused=True), Bar("floor", 1.7, aim=True)]
    engines = [Engine(ctx, name) for name in ("crun", "runc")]
    try:
        with Target(ctx, "enter") as t:
            job = Job(ctx, "enter", "enter a running container, no seccomp copy", bars, t)
            return _run(
                job,
                [makers.enter_floor(t), makers.enter_nsexec(t), makers.enter_nsenter(t)]
                + [makers.engine_exec(e) for e in engines],
            )
    finally:
        for engine in engines:
            engine.stop()


def enter_v1(ctx, makers):
    """Only where there are v1 hierarchies: a container that has its own cgroups there too."""
    with Target(ctx, "enter-v1", v1=True) as t:
        job = Job(
            ctx,
            "enter-v1",
            "the same, own cgroups in v1 hierarchies too",
            [Bar("nsenter", 0.5, aim=True)],
            t,
        )
        return _run(job, [makers.enter_floor(t), makers.enter_nsexec(t), makers.enter_nsenter(t)])


def lib_enter(ctx, makers):
    bars = [Bar("floor", 2.2, ours="library"), Bar("floor", 1.7, ours="library", aim=True)]
    with Target(ctx, "lib-enter") as t:
        job = Job(ctx, "lib-enter", "the same from inside a small C program", bars, t)
        return _run(
            job,
            [
                makers.inproc("floor", t.pid, t.cgroup_fd, "floor"),
                makers.library("enter", t.pid, "library"),
            ],
        )


def lib_heap(ctx, makers):
    bars = [Bar("library", 1.3, ours="library-1GiB"), Bar("library", 1.3, ours="library-1GiB-8t")]
    with Target(ctx, "lib-heap") as t:
        job = Job(
            ctx,
            "lib-heap",
            "the library from a process with 1 GiB of touched heap (and 8 threads)",
            bars,
            t,
        )
        return _run(
            job,
            [
                makers.library("enter", t.pid, "library"),
                makers.library("enter", t.pid, "library-1GiB", 1024),
                makers.library("enter", t.pid, "library-1GiB-8t", 1024, 8),
            ],
        )


def launch_host(ctx, makers):
    bars = [Bar("unshare", 0.8), Bar("bwrap", 0.4), Bar("floor", 1.7, aim=True)]
    engines = [Engine(ctx, name) for name in ("crun", "runc")]
    job = Job(ctx, "launch-host", "new container, network of the host", bars, needs=CREATED)
    return _run(
        job,
        [
            makers.create_floor(False),
            makers.create_nsexec(False),
            makers.create_unshare(False),
            makers.create_bwrap(False),
        ]
        + [makers.engine_run(e, False) for e in engines],
        True,
    )


def launch_all(ctx, makers):
    bars = [Bar("bwrap", 0.5), Bar("floor", 1.4, aim=True)]
    engines = [Engine(ctx, name) for name in ("crun", "runc")]
    job = Job(ctx, "launch-all", "new container, all namespaces", bars, needs=CREATED | {"ns net"})
    return _run(
        job,
        [
            makers.create_floor(True),
            makers.create_nsexec(True),
            makers.create_unshare(True),
            makers.create_bwrap(True),
        ]
        + [makers.engine_run(e, True) for e in engines],
        True,
    )


def call(ctx, makers):
    bars = [Bar("fork+exec", 0.5, ours="nsexec_call")]
    with Target(ctx, "call") as t:
        job = Job(ctx, "call", "a function in all namespaces but pid and user", bars, t, CALLED)
        return _run(
            job,
            [
                makers.inproc("callfloor", t.pid, "-", "floor"),
                makers.library("call", t.pid, "nsexec_call"),
                makers.inproc("forkexec", t.pid, "-", "fork+exec", ctx.rootfs + "/bin/true"),
            ],
        )


def crowd(ctx, makers):
    """Empty and crowded host in turns, because a machine is not the same from minute to minute."""
    bars = [Bar("nsexec-empty", 1.1, ours="nsexec-crowd")]
    shown = [Bar(f"{name}-empty", 0, ours=f"{name}-crowd") for name in ("floor", "nsenter")]
    with Target(ctx, "crowd") as t:
        job = Job(
            ctx,
            "crowd",
            "enter, with 1000 containers running and 8000 mounts on the host",
            bars + shown,
            t,
        )
        here = job.check(
            [makers.enter_floor(t), makers.enter_nsexec(t), makers.enter_nsenter(t)], False
        )
        for key in ("missing", "failed"):
            job.result[key] = {
                f"{k}-{where}": v
                for k, v in job.result[key].items()
                for where in ("empty", "crowd")
            }
        pooled = {}
        for _ in range(ctx.cycles if here else 0):
            _crowd_part(ctx, job, here, "empty", pooled)
            before = view.net_namespaces()
            with Target(ctx, "crowd-others", 1000), ctx.many_mounts(8000):
                _crowd_part(ctx, job, here, "crowd", pooled)
            view.wait_for_net_namespaces(before + 10)  # they are taken down in the background
        job.add_times(pooled, 0)
        return job.finish((0,))


def _crowd_part(ctx, job, contenders, where, pooled):
    time.sleep(SETTLE_SECONDS)
    samples, failed = measure.time_them(ctx, contenders, max(10, ctx.rounds // 2), 0)
    job.result["failed"].update(failed)
    for name, values in samples.items():
        pooled.setdefault(f"{name}-{where}", []).extend(values)


def _as_they_are(job, contenders):
    """Those that start no payload, which could report something: they check themselves what they did."""
    here = []
    for c in contenders:
        if c.missing:
            job.result["missing"][c.name] = c.missing
        else:
            here.append(c)
    if here:
        job.time(here, (0,))
    return job.finish((0,))


def _bootstrap(ctx, makers, kind, title, bars, programs=("boot_ours", "boot_runc"), row=""):
    """The constructor alone, both linked to the same main and driven by the same runtime."""
    row = row or f"bootstrap-{kind}"
    with Target(ctx, row) as t:
        job = Job(ctx, row, title, bars, t)
        ours = makers.bootstrap(kind, t.pid, "libnsexec-bootstrap", programs[0])
        return _as_they_are(job, [ours, makers.bootstrap(kind, t.pid, "runc", programs[1])])


def bootstrap_create(ctx, makers):
    bars = [Bar("runc", 0.7, ours="libnsexec-bootstrap")]
    title = "from the message to stage 2, new pid, mnt, uts and ipc namespaces"
    return _bootstrap(ctx, makers, "create", title, bars)


def bootstrap_join(ctx, makers):
    bars = [Bar("runc", 1.0, ours="libnsexec-bootstrap")]
    return _bootstrap(ctx, makers, "join", "the same, joining five namespaces by path", bars)


def bootstrap_go(ctx, makers):
    bars = [Bar("runc", 0, ours="libnsexec-bootstrap")]
    title = "bootstrap-create below a Go program: until its main"
    return _bootstrap(ctx, makers, "create", title, bars, ("go_boot", "go_boot_runc"), "bootstrap-go")


def go_enter(ctx, makers):
    bars = [Bar("go", 1.3, ours="go-1GiB"), Bar("library", 1.5, ours="go")]
    with Target(ctx, "go-enter") as t:
        job = Job(ctx, "go-enter", "Enter of the Go package, also with 1 GiB of touched heap", bars, t)
        return _run(
            job,
            [
                makers.library("enter", t.pid, "library"),
                makers.go_agent("enter", t.pid, "go"),
                makers.go_agent("enter", t.pid, "go-1GiB", 1024),
            ],
        )


def go_module(ctx, makers):
    bars = [Bar("re-execution", 0.8, ours="Run"), Bar("re-execution", 0.1, ours="InProcess")]
    with Target(ctx, "go-module") as t:
        job = Job(ctx, "go-module", "a function in the target's mount and network namespaces", bars, t)
        return _as_they_are(
            job,
            [
                makers.go_agent("run", t.pid, "Run"),
                makers.go_agent("inprocess", t.pid, "InProcess"),
                makers.go_agent("reexec", t.pid, "re-execution"),
            ],
        )
