# SPDX-License-Identifier: Apache-2.0
"""What a contender really does, from the report payload; who does more than who."""

KINDS = ("mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time")


def parse(text):
    """The lines of the report payload as a dictionary."""
    report = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        report[key] = value.strip()
    return report


def _caps(report, key):
    return int(report[key], 16) if key in report else None


def features(report, host, target=None, creates=True):
    """The set of things done.

    host: the report of the payload started directly; target: that of the container, or None.
    """
    done = set()
    for kind in KINDS:
        mine = report.get(f"ns.{kind}")
        if mine and mine != host[f"ns.{kind}"] and (not target or mine == target[f"ns.{kind}"]):
            done.add(f"ns {kind}")
    for key in (k for k in report if k.startswith("cgroup.")):
        if _is_other_cgroup(key, report, host, target):
            done.add(key.replace(".", " "))
    for key in ("CapBnd", "CapEff"):
        caps = _caps(report, key)
        if caps is not None and caps != _caps(host, key):
            done.add(f"drops {key}")
    if report.get("NoNewPrivs") == "1":
        done.add("no_new_privs")
    if report.get("Seccomp", "0") != "0":
        done.add("seccomp")
    if creates:
        done |= _root_features(report, host, done)
    return done


def _is_other_cgroup(key, report, host, target):
    if target is None:
        return report[key] not in (host.get(key), "/")  # "/": seen from an own cgroup namespace
    if target.get(key) == host.get(key):
        return False
    inside = report.get("ns.cgroup") == target["ns.cgroup"]
    return report[key] == ("/" if inside else target.get(key))


def _root_features(report, host, done):
    more = set()
    if report.get("own_dev") == "1":
        more.add("/dev")
    if "ns net" in done and report.get("lo_up") == "1":
        more.add("lo up")
    if "ns pid" in done and report.get("pid") != "1":
        more.add("init process")
    if report.get("hostname") != host.get("hostname"):
        more.add("hostname")
    return more


def describe(report, done, elsewhere=False):
    """One line for people. elsewhere: a container of its own, whose cgroup "/" does not tell."""
    kinds = [k for k in KINDS if f"ns {k}" in done]
    cgroups = sorted(f[7:] for f in done if f.startswith("cgroup "))
    cgroup = ",".join(cgroups) or ("its own" if elsewhere else "ours")
    parts = [f"ns {','.join(kinds) or 'none'}", f"cgroup {cgroup}"]
    if "Uid" in report:
        parts.append(
            f"uid {report['Uid'].split()[0]} gid {report['Gid'].split()[0]} "
            f"groups {report.get('Groups') or 'none'}"
        )
        parts.append(
            "caps bnd %d eff %d"
            % tuple(bin(_caps(report, k)).count("1") for k in ("CapBnd", "CapEff"))
        )
        parts.append(
            f"nnp {report.get('NoNewPrivs')} seccomp {report.get('Seccomp')}"
            f" ({report.get('Seccomp_filters', '?')} filters)"
        )
        parts.append(f"mounts {report.get('mounts')}")
    parts += sorted(f for f in done if f in ("/dev", "lo up", "init process", "hostname"))
    if "class" in report:
        parts.append(f"class {report['class']}")
    return "; ".join(parts)
