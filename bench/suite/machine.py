# SPDX-License-Identifier: MIT
"""The machine of a run, and its state."""

import datetime
import os
import platform
import subprocess


def _lines(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _value(path):
    lines = _lines(path)
    return lines[0].strip() if lines else "?"


def _field(path, key):
    for line in _lines(path):
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "?"


def _commit(source):
    got = subprocess.run(["git", "-C", source, "describe", "--always",
                          "--dirty"], capture_output=True, text=True,
                         check=False)
    return got.stdout.strip() or "not from git"


def describe(source):
    """What a reader needs to judge the figures."""
    meminfo = "/proc/meminfo"
    return {
        "date": datetime.datetime.now(datetime.timezone.utc)
                .strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(source),
        "kernel": platform.release(),
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _field(meminfo, "MemTotal"),
        "available": _field(meminfo, "MemAvailable"),
        "huge page": _field(meminfo, "Hugepagesize"),
        "pool": _field(meminfo, "HugePages_Total") + " pages, " +
                _field(meminfo, "HugePages_Free") + " free, " +
                _value("/proc/sys/vm/nr_overcommit_hugepages") +
                " on demand",
        "transparent huge pages of shmem": _value(
            "/sys/kernel/mm/transparent_hugepage/shmem_enabled"),
        "load": " ".join("%.2f" % x for x in os.getloadavg()),
        "user": "root" if os.geteuid() == 0 else "an ordinary user",
    }


def text(machine):
    return "\n".join("%-32s %s" % pair for pair in machine.items())
