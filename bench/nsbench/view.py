# SPDX-License-Identifier: Apache-2.0
"""What the bench sees of the host: private namespaces, cgroup hierarchies, what it made there."""

import ctypes
import os
import time

VIEWS = ("cg2", "host")
MS_BIND, MNT_DETACH = 4096, 2

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0, data=None):
    args = [s.encode() if s else None for s in (source, target, kind)]
    if _libc.mount(*args, ctypes.c_ulong(flags), data.encode() if data else None) < 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def umount(target):
    if _libc.umount2(target.encode(), MNT_DETACH) < 0:
        raise OSError(ctypes.get_errno(), f"umount {target}")


def die_with_parent():
    _libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


def command(view, argv):
    """A command that runs argv in private mount and pid namespaces, with the cgroups of the view.

    The pid namespace makes sure that nothing survives, however the bench ends.
    """
    script = 'exec "$@"'
    if view == "cg2":
        script = "umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && " + script
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "sh",
        "-c",
        script,
        "sh",
        *argv,
    ]


def net_namespaces():
    """How many there are, 0 where the kernel does not say."""
    try:
        with open("/proc/slabinfo", encoding="utf-8") as f:
            return next(
                (int(line.split()[1]) for line in f if line.startswith("net_namespace ")), 0
            )
    except OSError:
        return 0


def wait_for_net_namespaces(most):
    deadline = time.monotonic() + 15
    while net_namespaces() > most and time.monotonic() < deadline:
        time.sleep(0.1)


def hierarchies():
    """Mounted cgroup hierarchies: {"v2": PATH, "memory": PATH, ...}; v1 ones by controller."""
    found = {}
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            left, right = line.split(" - ")
            path, (kind, _, options) = left.split()[4], right.split()[:3]
            if kind == "cgroup2":
                found.setdefault("v2", path)
            elif kind == "cgroup":
                here = os.path.basename(path).split(",")  # its options have more: "rw,cpu,..."
                for name in options.split(","):
                    if name in here or name.startswith("name="):
                        found.setdefault(name, path)
    return found


def own_cgroups(pid="self"):
    """The paths of a process in /proc/PID/cgroup: {"v2": "/", "memory": "/x", ...}"""
    paths = {}
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as f:
        for line in f:
            _, names, path = line.rstrip("\n").split(":", 2)
            for name in names.split(",") if names else ["v2"]:
                paths[name] = path
    return paths


class Cgroups:
    """The bench's own directory in each hierarchy, below the cgroup that the bench is in."""

    def __init__(self, name):
        self.mounts = hierarchies()
        self.name = name
        self.own = own_cgroups()

    def make(self, hierarchy, child=""):
        """The bench's directory in a hierarchy, or one below it."""
        base = self.mounts[hierarchy] + self.own.get(hierarchy, "/").rstrip("/")
        path = f"{base}/{self.name}/{child}".rstrip("/")
        os.makedirs(path, exist_ok=True)
        return path

    def v1(self):
        """v1 hierarchies in which a new cgroup can be used at once."""
        return sorted(
            n for n in self.mounts if n not in ("v2", "cpuset") and not n.startswith("name=")
        )

    def memory(self):
        """A hierarchy with memory limits: (hierarchy, limit file, tasks file, reason why not)."""
        if "memory" in self.mounts:
            return ("memory", "memory.limit_in_bytes", "tasks", None)
        base = self.mounts.get("v2")
        if base:
            # A cgroup with processes gives its children no controllers: go up to one that does.
            path = self.own.get("v2", "/").rstrip("/")
            while True:
                with open(f"{base}{path}/cgroup.subtree_control", encoding="utf-8") as f:
                    if "memory" in f.read().split():
                        self.own["v2-memory"] = path or "/"
                        self.mounts["v2-memory"] = base
                        return ("v2-memory", "memory.max", "cgroup.procs", None)
                if not path:
                    break
                path = os.path.dirname(path).rstrip("/")
        return (None, None, None, "no memory controller in this view")

    def remove_all(self):
        """Remove what the bench made, whatever is still in there."""
        for hierarchy, base in self.mounts.items():
            own = self.own.get(hierarchy, "/").rstrip("/")
            for top in {f"{base}/{self.name}", f"{base}{own}/{self.name}"}:
                remove_cgroup(top)


def remove_cgroup(top):
    for path, _, _ in os.walk(top, topdown=False):
        deadline = time.monotonic() + 5
        while True:
            try:
                os.rmdir(path)
                break
            except FileNotFoundError:
                break
            except OSError:
                if time.monotonic() > deadline:
                    print(f"bench: left behind: {path}", flush=True)
                    break
                kill_members(path)
                time.sleep(0.02)


def kill_members(path):
    try:
        with open(f"{path}/cgroup.procs", encoding="utf-8") as f:
            for pid in f.read().split():
                if pid != "0":
                    os.kill(int(pid), 9)
    except (FileNotFoundError, ProcessLookupError):
        pass
