# SPDX-License-Identifier: MIT
# systemd/: units, and examples of what an administrator may set.
nodist_systemunit_DATA = systemd/system/msharefs@.service
nodist_userunit_DATA = systemd/user/msharefs.service
exampledir = $(docdir)/examples
dist_example_DATA = systemd/sysctl.conf systemd/tmpfiles.conf systemd/fstab
EXTRA_DIST += systemd/msharefs@.service.in systemd/msharefs.service.in
CLEANFILES += $(nodist_systemunit_DATA) $(nodist_userunit_DATA)
unit = $(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@bindir[@]|$(bindir)|' \
	-e 's|@fusermount[@]|$(FUSERMOUNT)|' -e 's|@type[@]|$(unit_type)|' \
	-e 's|@foreground[@]|$(unit_foreground)|'
systemd/system/msharefs@.service: $(srcdir)/systemd/msharefs@.service.in Makefile
	$(unit) $(srcdir)/systemd/msharefs@.service.in >$@
systemd/user/msharefs.service: $(srcdir)/systemd/msharefs.service.in Makefile
	$(unit) $(srcdir)/systemd/msharefs.service.in >$@
