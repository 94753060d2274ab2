#!/bin/sh
# SPDX-License-Identifier: MIT
# Dependencies run one way, downwards: layers.py, on the sources and objects, and
# on copies with a fault in them, which it must find.
set -u
. "$SRC/tests/harness/shell.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

layers()
{
	PYTHONDONTWRITEBYTECODE=1 python3 "$SRC/tests/static/layers.py" "$@"
}

# finds TEXT FILE LINE: with that line behind the first include of the file
finds()
{
	rm -rf "$work/fuse" "$work/lib" "$work/tools"
	cp -r "$SRC/fuse" "$SRC/lib" "$SRC/tools" "$work" || return 1
	sed -i "0,/^#include/s|^#include|$3\\n&|" "$work/$2" || return 1
	layers "$work" >"$work/found" && {
		echo "nothing found"
		return 1
	}
	cat "$work/found"
	grep -q -F "$1" "$work/found"
}

# An object that needs a symbol of a higher floor, with no include to show it
finds_symbol()
{
	rm -rf "$work/build"
	mkdir -p "$work/build/fuse/base" "$work/build/fuse/region"
	echo 'int region_set_size(void); int f(void) { return region_set_size(); }' |
		${CC:-cc} -x c -c -o "$work/build/fuse/base/libmodel_la-size.o" - &&
		echo 'int region_set_size(void) { return 0; }' |
		${CC:-cc} -x c -c -o "$work/build/fuse/region/libmodel_la-region.o" - ||
		return 1
	layers "$SRC" "$work/build" >"$work/found" && return 1
	cat "$work/found"
	grep -q 'fuse/base/size -> fuse/region/region (region_set_size): runs up' \
		"$work/found"
}

check "includes and symbols run downwards" layers "$SRC" "$BUILD"
check "an include that runs up is found" finds \
	"fuse/base/size -> fuse/region/region (include): runs up" \
	fuse/base/size.c '#include "region/region.h"'
check "a folder that may not be known is found" finds \
	"lib/common may not know lib/api" \
	lib/common/fdpass.c '#include "api/api.h"'
check "a circle in a folder is found" finds \
	"circle: fuse/region/region, fuse/region/seek" \
	fuse/region/region.c '#include "region/seek.h"'
check "libfuse in the model is found" finds \
	"fuse/base/log.c knows libfuse" fuse/base/log.c '#include <fuse_log.h>'
check "a header that is not there is found" finds \
	'"size.h" is no private header' fuse/base/size.c '#include "size.h"'
check "a symbol that runs up is found" finds_symbol
finish static_layers
