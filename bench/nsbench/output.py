# SPDX-License-Identifier: Apache-2.0
"""The table for people, the JSON for programs."""

import json
import os
import platform
import time

WIDE = "  {:<20} {:>6} {:>10} {:>10} {:>6}   {}"


def print_row(result):
    """One job of one view, as soon as it is done."""
    print(f"\n{result['row']} [{result['view']}]: {result['title']}")
    for name, text in result.get("reports", {}).items():
        print(f"    {name}: {text}")
    for name, reason in result["missing"].items():
        print(f"    {name}: not here: {reason}")
    for name, reason in result.get("failed", {}).items():
        print(f"    {name}: FAILED: {reason}")
    if result.get("times"):
        print(
            WIDE.format(
                "contender",
                "pause",
                "median us",
                "p10 us",
                "runs",
                "ratio to peer of the median (of the p10), bar, verdict",
            )
        )
    for t in result.get("times", []):
        print(
            WIDE.format(
                t["contender"],
                t["pause_ms"] or "-",
                f"{t['median_us']:.1f}",
                f"{t['p10_us']:.1f}",
                t["runs"],
                _bars_of(result, t["contender"], t["pause_ms"]),
            )
        )
    for c in result.get("counts", []):
        value = "none" if c["value"] is None else f"{c['value']} {result['unit']}"
        print(
            f"  {c['contender']:<20} {value:>18}   "
            f"{_bars_of(result, c['contender'])} {c['note']}".rstrip()
        )
    timed = {t["contender"] for t in result.get("times", []) + result.get("counts", [])}
    for bar in result["bars"]:
        if bar["contender"] not in timed and bar["verdict"] != "info":
            print(f"  {bar['contender']:<20} {_bar(bar)}")
    print(end="", flush=True)


def _bars_of(result, name, pause_ms=None):
    return "; ".join(
        _bar(b) for b in result["bars"] if b["contender"] == name and b.get("pause_ms") == pause_ms
    )


def _bar(bar):
    what = f"{'aim' if bar.get('aim') else 'bar'} {bar['limit']}" if "limit" in bar else "bar"
    if "peer" in bar:
        ratio = f"{bar['ratio']:.2f} ({bar['ratio_p10']:.2f})" if bar["ratio"] else "?"
        why = f" ({bar['why']})" if "why" in bar else ""
        if bar["verdict"] == "info":
            return f"{ratio} x {bar['peer']}{why}"
        return f"{ratio} x {bar['peer']} {what} {bar['verdict']}{why}"
    return f"{what} {bar['verdict']}"


def verdicts(results):
    """How many bars have each verdict; aims left out."""
    found = {"pass": 0, "FAIL": 0, "not here": 0}
    for result in results:
        for bar in result["bars"]:
            if not bar.get("aim") and bar["verdict"] in found:
                found[bar["verdict"]] += 1
        if result.get("failed") and not any(b["verdict"] == "FAIL" for b in result["bars"]):
            found["FAIL"] += 1
    return found


def print_summary(results):
    found = verdicts(results)
    print("\nbars: " + ", ".join(f"{n} {what}" for what, n in found.items()))
    for result in results:
        for bar in result["bars"]:
            if bar["verdict"] == "FAIL" and not bar.get("aim"):
                print(f"  FAIL {result['row']} [{result['view']}]: {bar['contender']}: {_bar(bar)}")


def write_json(path, results, options):
    document = {
        "format": 1,
        "time": int(time.time()),
        "machine": {
            "kernel": platform.release(),
            "arch": platform.machine(),
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "options": options,
        "rows": results,
    }
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document, f, indent=1)
        f.write("\n")
