# SPDX-License-Identifier: MIT
# examples/: programs as users of the interface write them, built without the
# project's own flags.

# For the kernel series: they use only <linux/msharefs.h>.
kernel_examples = examples/donor_v1 examples/consumer_v1 examples/donor_v3 \
	examples/consumer_v3
# For the library: they need only -lmshare.
linked_examples = examples/donor_2022 examples/consumer_2022 examples/ring_2026
noinst_PROGRAMS += $(kernel_examples) $(linked_examples)
noinst_HEADERS = examples/common.h
EXTRA_DIST += examples/README.md
examples_donor_v1_CPPFLAGS = $(public_cppflags)
examples_donor_v1_CFLAGS = $(foreign_cflags)
examples_donor_v1_LDFLAGS = -no-install
examples_donor_v1_LDADD =
examples_consumer_v1_CPPFLAGS = $(public_cppflags)
examples_consumer_v1_CFLAGS = $(foreign_cflags)
examples_consumer_v1_LDFLAGS = -no-install
examples_consumer_v1_LDADD =
examples_donor_v3_CPPFLAGS = $(public_cppflags)
examples_donor_v3_CFLAGS = $(foreign_cflags)
examples_donor_v3_LDFLAGS = -no-install
examples_donor_v3_LDADD =
examples_consumer_v3_CPPFLAGS = $(public_cppflags)
examples_consumer_v3_CFLAGS = $(foreign_cflags)
examples_consumer_v3_LDFLAGS = -no-install
examples_consumer_v3_LDADD =
examples_donor_2022_CPPFLAGS = $(public_cppflags)
examples_donor_2022_CFLAGS = $(foreign_cflags)
examples_donor_2022_LDFLAGS = -no-install
examples_donor_2022_LDADD = libmshare.la
examples_consumer_2022_CPPFLAGS = $(public_cppflags)
examples_consumer_2022_CFLAGS = $(foreign_cflags)
examples_consumer_2022_LDFLAGS = -no-install
examples_consumer_2022_LDADD = libmshare.la
examples_ring_2026_CPPFLAGS = $(public_cppflags)
examples_ring_2026_CFLAGS = $(foreign_cflags)
examples_ring_2026_LDFLAGS = -no-install
examples_ring_2026_LDADD = libmshare.la
