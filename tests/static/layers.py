#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks that dependencies in fuse/, lib/ and tools/ run one way, downwards.

usage: layers.py SOURCES [BUILD]

An arrow runs from a file to each private header that it includes, and, with
BUILD, from each object to the object that defines a symbol it needs. Prints a
line for each arrow that runs up or in a circle, for each file below the
libfuse side that knows libfuse, for each file that does not say what it is for,
and for each name that two files share. Exits with 1 if there is one.
"""

import os
import re
import subprocess
import sys

# A folder may depend on those before it in its own list, and on nothing else.
# Folders in one tuple do not know each other.
FLOORS = {
    "fuse": [
        ("lib/include", "lib/include/linux"),
        ("lib/common",),
        ("fuse/base",),
        ("fuse/mapping", "fuse/memory"),
        ("fuse/region",),
        ("fuse/windows",),
        ("fuse/change",),
        ("fuse/namespace", "fuse/owner", "fuse/attach"),
        ("fuse",),
        ("fuse/ops",),
    ],
    "lib": [
        ("lib/include", "lib/include/linux"),
        ("lib/common",),
        ("lib/engine",),
        ("lib/wrap",),
        ("lib/preload", "lib/share", "lib/api"),
    ],
    "tools": [
        ("lib/include", "lib/include/linux"),
        ("lib/common",),
        ("fuse/base",),
        ("fuse/memory",),
        ("tools",),
        ("tools/doctor",),
        ("tools/cmd",),
    ],
}
# These start a program, so they may name everything in it.
TOPS = {"fuse/main", "tools/msharectl"}
# A call by this name may reach another library's definition: no arrow.
INTERPOSED = {"mshare_engine"}
# Where libfuse may be known.
LIBFUSE = {"fuse", "fuse/ops"}
# What the header for private includes is looked for in, by folder of the file.
ROOTS = {"fuse": ["fuse", "lib"], "lib": ["lib"], "tools": ["tools", "lib", "fuse"]}


def sources(root):
    """Path without root -> text, of all C files."""
    found = {}
    for tree in FLOORS:
        for folder, _, names in os.walk(os.path.join(root, tree)):
            for name in names:
                if name.endswith((".c", ".h")):
                    path = os.path.relpath(os.path.join(folder, name), root)
                    with open(os.path.join(root, path), encoding="utf-8") as f:
                        found[path] = f.read()
    return found


def module(path):
    """x/y.c and x/y.h are one module."""
    return path.rsplit(".", 1)[0]


def includes(path, files):
    """The private headers that path includes, and those that are not found."""
    tree = path.split("/")[0]
    for name in re.findall(r'^#include "([^"]+)"', files[path], re.M):
        for place in ROOTS[tree]:
            if f"{place}/{name}" in files:
                yield f"{place}/{name}"
                break
        else:
            yield None, name
    for name in re.findall(r"^#include <([^>]+)>", files[path], re.M):
        if f"lib/include/{name}" in files:
            yield f"lib/include/{name}"


def floor_of(folder, tree):
    for number, folders in enumerate(FLOORS[tree]):
        if folder in folders:
            return number
    return None


def check_arrow(source, target, how):
    """Yields what is wrong with an arrow between two modules."""
    if source in TOPS or source == target:
        return
    tree = source.split("/")[0]
    here, there = os.path.dirname(source), os.path.dirname(target)
    if here == there:
        return
    mine, its = floor_of(here, tree), floor_of(there, tree)
    if mine is None:
        yield f"{source}: its folder is on no floor (tests/static/layers.py)"
    elif its is None:
        yield f"{source} -> {target} ({how}): {here} may not know {there}"
    elif its >= mine:
        yield f"{source} -> {target} ({how}): runs up"


def find_circles(arrows):
    """Yields each circle of modules once (Tarjan's components)."""
    index, low, stack, on, order = {}, {}, [], set(), [0]

    def visit(node):
        index[node] = low[node] = order[0]
        order[0] += 1
        stack.append(node)
        on.add(node)
        for target in sorted(arrows.get(node, ())):
            if target not in index:
                yield from visit(target)
                low[node] = min(low[node], low[target])
            elif target in on:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            circle = []
            while True:
                top = stack.pop()
                on.discard(top)
                circle.append(top)
                if top == node:
                    break
            if len(circle) > 1:
                yield "circle: " + ", ".join(sorted(circle))

    for node in sorted(arrows):
        if node not in index:
            yield from visit(node)


def check_includes(files):
    arrows = {}
    for path in sorted(files):
        for target in includes(path, files):
            if isinstance(target, tuple):
                yield f'{path}: "{target[1]}" is no private header'
                continue
            yield from check_arrow(module(path), module(target), "include")
            if module(path) != module(target):
                arrows.setdefault(module(path), set()).add(module(target))
    yield from find_circles(arrows)


def objects(build, files):
    """Object file -> module; programs compile some sources of their own again."""
    for tree in FLOORS:
        for folder, _, names in os.walk(os.path.join(build, tree)):
            for name in names:
                if not name.endswith(".o"):
                    continue
                path = os.path.relpath(os.path.join(folder, name), build)
                stem = path.replace("/.libs/", "/")[:-2]
                where, name = os.path.split(stem)
                stem = f"{where}/{name.rsplit('-', 1)[-1]}"
                if f"{stem}.c" in files:
                    yield path, stem


def symbols(paths):
    """Yields (path, name, whether it is defined there) of objects, by one nm."""
    listing = subprocess.run(
        ["nm", "-A", "-g", *paths], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        path, rest = line.split(":", 1)
        kind, name = rest.split()[-2:]
        yield path, name, kind not in "Uw"


def is_wrapper(stem):
    """Its symbols are libc's: who needs them does not know the wrapper."""
    return os.path.basename(stem).startswith("wrap_")


def check_objects(build, files):
    defines, needs = {}, {}
    stems = {os.path.join(build, path): stem for path, stem in objects(build, files)}
    for path, name, defined in symbols(stems) if stems else ():
        if defined:
            defines.setdefault(name, set()).add(stems[path])
        else:
            needs.setdefault(stems[path], set()).add(name)
    if not needs:
        yield f"no objects in {build}"
    arrows = {}
    for stem, names in sorted(needs.items()):
        for name in sorted(names - INTERPOSED):
            for target in defines.get(name, set()) - {stem}:
                # Of two that define it, the one this program is linked with.
                if len(defines[name]) > 1 or is_wrapper(target):
                    continue
                yield from check_arrow(stem, target, name)
                arrows.setdefault(stem, set()).add(target)
    yield from find_circles(arrows)


def check_libfuse(files):
    for path, text in sorted(files.items()):
        if os.path.dirname(path) in LIBFUSE:
            continue
        for name in re.findall(r"^#include <(fuse[^>]*)>", text, re.M):
            yield f"{path} knows libfuse: <{name}>"


def check_purpose(files):
    """A comment behind the licence says what a file is for, or its header does."""
    for path, text in sorted(files.items()):
        if path.endswith(".c") and f"{module(path)}.h" in files:
            if f'"{path.split("/", 1)[1][:-2]}.h"' not in text:
                yield f"{path} does not include its own header"
            continue
        if not re.match(r"/\*[^\n]*SPDX[^\n]*\n\s*/\*", text):
            yield f"{path} does not open with what it is for"


def check_names(files):
    stems = {}
    for path in files:
        stems.setdefault(os.path.basename(path).rsplit(".", 1)[0], set()).add(
            module(path)
        )
    for stem, paths in sorted(stems.items()):
        if len(paths) > 1:
            yield f"one name, several files: {', '.join(sorted(paths))}"


def main():
    files = sources(sys.argv[1])
    wrong = [] if files else [f"no sources in {sys.argv[1]}"]
    for check in (check_includes, check_libfuse, check_purpose, check_names):
        wrong += check(files)
    if len(sys.argv) > 2:
        wrong += check_objects(sys.argv[2], files)
    for line in sorted(set(wrong)):
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
