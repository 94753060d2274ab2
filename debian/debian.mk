# SPDX-License-Identifier: MIT
# debian/: in the release tarball, as packages are built from it (see
# tests/tools/package.sh).
EXTRA_DIST += debian/changelog debian/control debian/copyright \
	debian/libmshare-dev.examples debian/libmshare-dev.install \
	debian/libmshare0.install debian/libmshare0.symbols \
	debian/msharefs.install debian/msharefs.links debian/rules \
	debian/source/format
