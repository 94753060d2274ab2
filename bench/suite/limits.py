# SPDX-License-Identifier: MIT
"""At how many windows, or at which size, something ends what the model says: as
the machine is set, and with the largest setting the kernel takes."""

import resource
from collections import namedtuple

# As in fuse/ticket.h, fuse/client.c and lib/attach.c
TICKET_SECONDS, TRIES = 5, 4
# As in fuse/window_limit.h: descriptors for all but windows
KEPT = 256
# As in fuse/hostwin.c
HOST_WINDOWS_GIB = 48 << 10
# What x86-64 gives programs with four levels of page tables
ADDRESSES_GIB = 128 << 10

NEVER = float("inf")

# windows: how many; most: with the largest setting. why: what then happens
Limit = namedtuple("Limit", "name setting windows most why")
# The same of GiB
SizeLimit = namedtuple("SizeLimit", "name gib why")


def _number(path):
    with open("/proc/sys/" + path, encoding="utf-8") as file:
        return int(file.read())


def _soft(which):
    value = resource.getrlimit(which)[1]
    return NEVER if value == resource.RLIM_INFINITY else value


def _by_setting(model):
    files = model.descriptors + 1
    fds = _soft(resource.RLIMIT_NOFILE)
    yield Limit("descriptors of the daemon", "ulimit -Hn = %g" % fds,
                (fds - KEPT) / model.descriptors,
                (2 ** 31 - 64 - KEPT) / model.descriptors,
                "EMFILE for one more window; nothing else suffers")
    pids = _number("kernel/pid_max")
    yield Limit("processes there can be", "kernel.pid_max = %d" % pids, pids,
                2 ** 22, "fork() fails")
    threads = _number("kernel/threads-max")
    yield Limit("threads there can be", "kernel.threads-max = %d" % threads,
                threads, 2 ** 22, "fork() fails")
    procs = _soft(resource.RLIMIT_NPROC)
    yield Limit("processes of one user", "ulimit -Hu = %g" % procs, procs,
                2 ** 22, "fork() fails, but for root")
    count = _number("fs/file-max")
    yield Limit("open files of the machine", "fs.file-max = %d" % count,
                count / files, NEVER, "ENFILE, but for root")
    count = _number("fs/epoll/max_user_watches")
    yield Limit("what one user may watch",
                "fs.epoll.max_user_watches = %d" % count, count, NEVER,
                "ENOSPC or ENOMEM for one more window")


def _fixed(model):
    burst = TRIES * TICKET_SECONDS * 1e6 / model.attach
    yield Limit("processes that attach at one moment",
                "%d tickets of %d s each" % (TRIES, TICKET_SECONDS), burst,
                burst, "EIO for the last ones (computed, not tried)")
    yield Limit("sharers of one page table", "an int in the kernel", 2 ** 31,
                2 ** 31, "(above any number of processes)")


def of_windows(model):
    """The first to be met comes first."""
    return sorted([*_by_setting(model), *_fixed(model)],
                  key=lambda limit: limit.windows)


def of_size():
    """In GiB, of all windows of a process or all regions of a daemon."""
    maps = _number("vm/max_map_count")
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
