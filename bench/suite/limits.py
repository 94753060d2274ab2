# SPDX-License-Identifier: MIT
"""The number of windows, or the size, at which the model ends because something
runs out: with the settings of the machine, and with the largest settings that
the kernel takes."""

import resource
from collections import namedtuple

# As in fuse/attach/ticket.h, fuse/attach/attach_session.c and
# lib/engine/attach_client.c
TICKET_SECONDS, TRIES = 5, 4
# As in fuse/base/window_limit.h: descriptors for all but windows
KEPT = 256
# As in fuse/region/host_window.c
HOST_WINDOWS_GIB = 48 << 10
# What x86-64 gives programs with four levels of page tables
ADDRESSES_GIB = 128 << 10

NEVER = float("inf")

# windows: how many; most: with the largest setting; why: what happens then
Limit = namedtuple("Limit", "name setting windows most why")
# The same in GiB
SizeLimit = namedtuple("SizeLimit", "name gib why")


def _number(path):
    with open("/proc/sys/" + path, encoding="utf-8") as file:
        return int(file.read())


def _hard(which):
    value = resource.getrlimit(which)[1]
    return NEVER if value == resource.RLIM_INFINITY else value


def settings():
    """Those of this machine."""
    return {
        "nofile": _hard(resource.RLIMIT_NOFILE),
        "nproc": _hard(resource.RLIMIT_NPROC),
        "pid_max": _number("kernel/pid_max"),
        "threads_max": _number("kernel/threads-max"),
        "file_max": _number("fs/file-max"),
        "max_user_watches": _number("fs/epoll/max_user_watches"),
        "max_map_count": _number("vm/max_map_count"),
    }


def _by_setting(model, of):
    files = model.descriptors + 1
    fds = of["nofile"]
    yield Limit("descriptors of the daemon", "ulimit -Hn = %g" % fds,
                (fds - KEPT) / model.descriptors,
                (2 ** 31 - 64 - KEPT) / model.descriptors,
                "EMFILE for one more window; nothing else suffers")
    pids = of["pid_max"]
    yield Limit("processes", "kernel.pid_max = %d" % pids, pids,
                2 ** 22, "fork() fails")
    threads = of["threads_max"]
    yield Limit("threads", "kernel.threads-max = %d" % threads,
                threads, 2 ** 22, "fork() fails")
    procs = of["nproc"]
    yield Limit("processes of one user", "ulimit -Hu = %g" % procs, procs,
                2 ** 22, "fork() fails, but for root")
    count = of["file_max"]
    yield Limit("open files of all processes", "fs.file-max = %d" % count,
                count / files, NEVER, "ENFILE, but for root")
    count = of["max_user_watches"]
    yield Limit("epoll watches of one user",
                "fs.epoll.max_user_watches = %d" % count, count, NEVER,
                "ENOSPC or ENOMEM for one more window")


def _fixed(model):
    burst = TRIES * TICKET_SECONDS * 1e6 / model.attach
    yield Limit("processes that attach at one moment",
                "%d tickets of %d s each" % (TRIES, TICKET_SECONDS), burst,
                burst, "EIO for the last ones (computed, not tried)")
    yield Limit("sharers of one page table", "an int in the kernel", 2 ** 31,
                2 ** 31, "(above any number of processes)")


def of_windows(model, of):
    """The lowest limit comes first."""
    return sorted([*_by_setting(model, of), *_fixed(model)],
                  key=lambda limit: limit.windows)


def of_size(of):
    """In GiB, for all windows of a process or all regions of a daemon."""
    maps = of["max_map_count"]
    return [
        SizeLimit("regions, times the kinds of access in use (host windows)",
                  HOST_WINDOWS_GIB,
                  "regions beyond it share what their processes touch first: "
                  "512 faults a GiB, once"),
        SizeLimit("regions with every second GiB protected "
                  "(vm.max_map_count = %d)" % maps, maps,
                  "ENOMEM for one more protection"),
        SizeLimit("addresses of a process, for all its windows",
                  ADDRESSES_GIB, "ENOMEM for one more window"),
    ]
