# SPDX-License-Identifier: Apache-2.0
"""Root directory, and running containers to enter."""

import json
import os
import shutil
import subprocess

DOCKER_CAPS = (
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE "
    "NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP"
).split()


def make_rootfs(ctx, path):
    for name in ("bin", "dev", "etc", "proc", "run", "sys", "tmp", "var"):
        os.makedirs(f"{path}/{name}", exist_ok=True)
    for name in ("true", "report", "pause"):
        shutil.copy(ctx.program(name), f"{path}/bin/{name}")


class Target:
    """Containers made by target.c; pid is the first one's. Use it with "with"."""

    def __init__(self, ctx, name, count=1, v1=False):
        self.ctx = ctx
        self.cgroup = ctx.cgroups.make("v2", name) if "v2" in ctx.cgroups.mounts else "-"
        tasks = [f"{ctx.cgroups.make(h, name)}/tasks" for h in ctx.cgroups.v1()] if v1 else []
        self.argv = [ctx.program("target"), ctx.rootfs, str(count), self.cgroup, *tasks]
        self.pids, self.pid, self.cgroup_fd, self._fd, self._process = [], 0, "-", -1, None

    def __enter__(self):
        self._process = subprocess.Popen(
            self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for line in self._process.stdout:
            if line == "ready\n":
                break
            self.pids.append(int(line))
        else:
            raise RuntimeError("no container to enter: see above")
        self.pid = self.pids[0]
        if self.cgroup != "-":
            self._fd = os.open(f"{self.cgroup}/c0", os.O_PATH | os.O_DIRECTORY)
            os.set_inheritable(self._fd, True)  # the floor opens nothing
            self.cgroup_fd = str(self._fd)
        return self

    def __exit__(self, *unused):
        if self._fd >= 0:
            os.close(self._fd)
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def oci_config(ctx, argv, net, cgroup):
    """As little as the others do, and the capabilities of the container to enter."""
    caps = [f"CAP_{c}" for c in DOCKER_CAPS]
    kinds = ["mount", "pid", "ipc", "uts", "cgroup"] + (["network"] if net else [])
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": argv,
            "cwd": "/",
            "env": ["PATH=/bin"],
            "noNewPrivileges": True,
            "capabilities": {k: caps for k in ("bounding", "effective", "permitted")},
        },
        "root": {"path": ctx.rootfs},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {
                "destination": "/dev",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "mode=755", "size=64k"],
            },
            {
                "destination": "/dev/pts",
                "type": "devpts",
                "source": "devpts",
                "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666"],
            },
        ],
        "linux": {"namespaces": [{"type": k} for k in kinds], "cgroupsPath": cgroup},
    }


class Engine:
    """crun or runc: bundles, and a running container."""

    def __init__(self, ctx, name):
        self.ctx, self.name = ctx, name
        self.path = shutil.which(name)
        self.state = f"{ctx.dir}/{name}"
        self.base = [self.path, "--root", f"{self.state}/state"]
        # Debian's crun 1.8 raises RLIMIT_MEMLOCK for its device program: not possible everywhere.
        if name == "crun":
            self.base += ["--cgroup-manager=disabled"]
        self.running = False

    def bundle(self, name, argv, net):
        path = f"{self.state}/{name}"
        os.makedirs(path, exist_ok=True)
        config = oci_config(self.ctx, argv, net, f"/{self.ctx.cgroups.name}/{self.name}-{name}")
        with open(f"{path}/config.json", "w", encoding="utf-8") as f:
            json.dump(config, f)
        return path

    def start(self):
        """Start a container to enter. Return the reason if that does not work."""
        bundle = self.bundle("inside", ["/bin/pause"], True)
        log = f"{self.state}/log"
        with open(log, "w", encoding="utf-8") as f:  # a pipe would be held open by the container
            argv = [*self.base, "run", "-d", "--bundle", bundle, "inside"]
            status = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=f, stderr=f, check=False
            ).returncode
        self.running = status == 0
        with open(log, encoding="utf-8") as f:
            return None if self.running else " ".join(f.read().split())[-300:]

    def stop(self):
        if self.running:
            self.ctx.run([*self.base, "delete", "--force", "inside"])
            self.running = False
