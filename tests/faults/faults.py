# SPDX-License-Identifier: Apache-2.0
"""What the tests of this tier share: a place of their own, processes with deadlines, what is left, TAP.

All of it happens in workers: processes that are pid 1 of a pid namespace of their own, with a mount, UTS and IPC
namespace, and a /run that nobody else sees. What is left of nsexec is found by listing /proc there, and goes with the worker.
Signals are only ever sent to what such a listing shows.
"""

import ctypes, errno, json, os, re, select, shutil, signal, subprocess, sys, tempfile, time, traceback
from pathlib import Path

TOP = Path(os.environ.get("NSX_TOP") or Path(__file__).resolve().parent.parent.parent)
NSEXEC = os.environ.get("NSEXEC") or str(TOP / "build/static/src/cli/nsexec")
LIBNSEXEC = os.environ.get("LIBNSEXEC") or str(TOP / "build/system/src/libnsexec.a")
HERE = Path(__file__).resolve().parent
WORKERS = min(4, len(os.sched_getaffinity(0)))
HANG_S = 10  # what takes longer has a fault that nobody noticed
KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")

libc = ctypes.CDLL(None, use_errno=True)


class Tap:
    """Cases are printed as they come; the plan at the end: who dies before has none."""

    def __init__(self):
        self.number = self.failed = 0

    def case(self, name, problems):
        self.number += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.number} - {name}", flush=True)
        for problem in problems[:25]:
            print("\n".join(f"# {line}" for line in str(problem).splitlines()), flush=True)
        if len(problems) > 25:
            print(f"# and {len(problems) - 25} more", flush=True)

    def note(self, text):
        print(f"# {text}", flush=True)

    def end(self):
        print(f"1..{self.number}", flush=True)
        return 1 if self.failed else 0


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def need_root():
    if os.geteuid() != 0:
        skip_all("not root")
    for program in ("cc", "busybox"):
        if shutil.which(program) is None:
            skip_all(f"no {program}")
    if not os.access(NSEXEC, os.X_OK):
        skip_all(f"{NSEXEC} is not built")


def must(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result


def mount(source, target, kind, flags, data=None):
    must(libc.mount(source, target.encode(), kind, flags, data), f"mount of {target}")


def compile_c(source, target, *more):
    subprocess.run(["cc", "-O1", "-Wall", "-o", str(target), str(source), *more], check=True)


def call_names():
    """{number: name} of the system calls here. The headers of the oldest system do not have the newest."""
    text = subprocess.run(["cc", "-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"],
                          check=True, capture_output=True, text=True).stdout
    names = {442: "mount_setattr", 460: "lsm_set_self_attr", 461: "lsm_list_modules", 467: "open_tree_attr"}
    names |= {int(n): name for name, n in re.findall(r"#define __NR_(\w+) (\d+)$", text, re.M)}
    return names


class Place:
    """A directory with copies of everything, which all workers read; made once."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="nsx-faults-"))
        self.dir.chmod(0o755)
        self.nsexec = str(self.dir / "nsexec")
        shutil.copy(NSEXEC, self.nsexec)
        compile_c(HERE / "inject.c", self.dir / "inject")
        compile_c(HERE / "tell.c", self.dir / "tell", "-static")

    def compile_caller(self):
        compile_c(TOP / "examples/enter.c", self.dir / "caller", f"-I{TOP / 'include'}", LIBNSEXEC)

    def make_rootfs(self, path):
        for name in ("bin", "proc", "sys", "dev", "tmp", "etc"):
            (path / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), path / "bin/busybox")
        shutil.copy(self.dir / "tell", path / "bin/tell")
        for name in ("sh", "sleep", "true", "stty", "cat", "head", "tr", "echo", "kill", "ps", "tty", "trap", "dd", "wc", "cut", "test", "ls"):
            (path / "bin" / name).symlink_to("busybox")
        return path

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def run_workers(function, count=WORKERS):
    """function(worker number) in each worker; returns what they returned (JSON), in order."""
    sys.stdout.flush()
    pipes = []
    for number in range(count):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            become_worker(function, number, writer)
        os.close(writer)
        pipes.append((pid, reader))
    results = []
    for pid, reader in pipes:
        with os.fdopen(reader) as stream:
            text = stream.read()
        status = os.waitpid(pid, 0)[1]
        if not text:
            raise RuntimeError(f"a worker ended with {status} and without a result")
        results.append(json.loads(text))
    return results


CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x20000, 0x4000000, 0x8000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 1 << 18
PR_SET_PDEATHSIG = 1


def become_worker(function, number, writer):
    """In the fork: a pid namespace needs one more. Never returns."""
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        must(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID), "unshare")
        pid = os.fork()
        if pid != 0:
            os.close(writer)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0x7F)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        mount(b"proc", "/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount(b"tmpfs", "/run", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=755")
        os.environ.pop("XDG_RUNTIME_DIR", None)
        for name in ("SHELL", "TERM"):
            os.environ.pop(name, None)
        os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        result = json.dumps(function(number))
        with os.fdopen(writer, "w") as stream:
            stream.write(result)
        os._exit(0)
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


# --- processes; only in a worker -------------------------------------------------------------------------------


def stat_of(pid):
    """(state, parent, tracer) of a process, or None."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return None
    get = lambda key: re.search(rf"^{key}:\s*(\S+)", text, re.M)[1]
    state = get("State").replace("R", "S")  # running or waiting: it lives, and is not stopped
    return state, int(get("PPid")), int(get("TracerPid"))


def name_of(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return words or Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"


def all_pids():
    assert os.getpid() == 1
    return {int(name) for name in os.listdir("/proc") if name.isdigit()} - {1}


def reap():
    """What has come to us, as pid 1, is nobody's leftover when it has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def leftovers(keep=frozenset(), within_s=1.0):
    """What is there and is not in keep, after at most a second: [(pid, name)]."""
    deadline = time.monotonic() + within_s
    while True:
        reap()
        rest = all_pids() - set(keep)
        if not rest or time.monotonic() > deadline:
            return [f"{pid} ({stat_of(pid)}): {name_of(pid)}" for pid in sorted(rest)]
        time.sleep(0.002)


def end_all(keep=frozenset()):
    """End every process of this pid namespace that is not in keep; they are all ours."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        reap()
        rest = all_pids() - set(keep)
        if not rest:
            return
        for pid in rest:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.005)


def start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more):
    return subprocess.Popen([str(word) for word in argv], stdin=stdin, stdout=stdout, stderr=stderr, **more)


def status_of(process, timeout_s=HANG_S):
    """The exit status as a shell tells it, or None if it does not end."""
    if process.returncode is None:
        pidfd = os.pidfd_open(process.pid)
        ready = select.select([pidfd], [], [], timeout_s)[0]
        os.close(pidfd)
        if not ready:
            return None
        process.returncode = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def wait_until(condition, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.003)
    return True


def is_gone(pid):
    state = stat_of(pid)
    return state is None or state[0] in "ZX"


class Result:
    """What came of one command."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def text(self):
        return f"status {self.status}, stderr {self.err!r}"


def run(argv, work, timeout_s=HANG_S, **more):
    """Run a command to its end; its output goes to files, so that what it leaves behind keeps nobody waiting."""
    out, err = work / "stdout", work / "stderr"
    with open(out, "wb") as o, open(err, "wb") as e:
        process = start(argv, stdout=o, stderr=e, **more)
    status = status_of(process, timeout_s)
    return Result(status, out.read_text(errors="replace"), err.read_text(errors="replace"))


class Injection:
    """One run below inject.c, and what its log says."""

    def __init__(self, place, work, point, argv, **more):
        path, number, occurrence, mode, code = point
        log = work / "log"
        log.unlink(missing_ok=True)
        self.result = run([place.dir / "inject", log, mode, path, number, occurrence, code, *argv], work, **more)
        self.log = log.read_text() if log.exists() else ""
        self.hit = "\nhit" in self.log
        self.processes = dict(re.findall(r"^process (\S+) (\d+)$", self.log, re.M))
        self.left = re.findall(r"^left (.*)$", self.log, re.M)


def list_calls(place, work, argv, **more):
    """[(process, number, occurrence)] of one run in which nothing fails."""
    seen, points = {}, []
    injection = Injection(place, work, ("none", 0, 0, "list", 0), argv, **more)
    for path, number in re.findall(r"^call (\S+) (\d+) ", injection.log, re.M):
        key = path, int(number)
        seen[key] = seen.get(key, 0) + 1
        points.append((*key, seen[key]))
    return points, injection


# --- what is left besides processes -----------------------------------------------------------------------------


def cgroup2_mount():
    for path in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.path.exists(path + "/cgroup.controllers"):
            return path
    return None


def cgroups_of_ours():
    """All that look like it: nothing else may run meanwhile."""
    top = cgroup2_mount()
    return sorted(str(p) for p in Path(top).rglob("nsexec-*") if re.search(r"/nsexec-\d+-\d+-\d+$", str(p))) if top else []


def tree(path):
    return sorted(str(p.relative_to(path)) for p in Path(path).rglob("*") if "proc/" not in str(p.relative_to(path)))


def mounts():
    return Path("/proc/self/mountinfo").read_text()


def run_files():
    return sorted(str(p) for p in Path("/run").rglob("*"))
