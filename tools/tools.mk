# SPDX-License-Identifier: MIT
# tools/: msharectl, its completion, and the helper of mount(8).

bin_PROGRAMS += msharectl
msharectl_SOURCES = \
	tools/amount.c tools/amount.h \
	tools/bind_view.c tools/bind_view.h \
	tools/daemon_status.c tools/daemon_status.h \
	tools/messages.c tools/messages.h \
	tools/mount_programs.c tools/mount_programs.h \
	tools/mount_sample.c tools/mount_sample.h \
	tools/msharectl.c tools/msharectl.h \
	tools/own_mount.c tools/own_mount.h \
	tools/plan.c tools/plan.h \
	tools/process_info.c tools/process_info.h \
	tools/progress_bar.c tools/progress_bar.h \
	tools/prot.c tools/prot.h \
	tools/range.c tools/range.h \
	tools/redirected_list.c tools/redirected_list.h \
	tools/region_list.c tools/region_list.h \
	tools/resolve_target.c tools/resolve_target.h \
	tools/screen.c tools/screen.h \
	tools/set_address.c tools/set_address.h \
	tools/share_request.c tools/share_request.h \
	tools/supervise.c tools/supervise.h \
	tools/table.c tools/table.h \
	tools/userns.c tools/userns.h \
	tools/users.c tools/users.h \
	tools/utf8.c tools/utf8.h \
	tools/cmd/cmd_create.c \
	tools/cmd/cmd_doctor.c \
	tools/cmd/cmd_ls.c \
	tools/cmd/cmd_maps.c \
	tools/cmd/cmd_mount.c \
	tools/cmd/cmd_plan.c \
	tools/cmd/cmd_protect.c \
	tools/cmd/cmd_rm.c \
	tools/cmd/cmd_run.c \
	tools/cmd/cmd_top.c \
	tools/cmd/cmd_umount.c \
	tools/cmd/cmd_unmap.c \
	tools/cmd/cmd_windows.c \
	tools/doctor/doctor.c tools/doctor/doctor.h \
	tools/doctor/doctor_cgroup.c \
	tools/doctor/doctor_fuse.c \
	tools/doctor/doctor_kernel.c \
	tools/doctor/doctor_limits.c \
	tools/doctor/doctor_memory.c \
	tools/doctor/doctor_mount.c \
	tools/doctor/doctor_parts.c \
	$(sysfs_overlay) $(default_mount)
# doctor tries what the daemon does at its start, with the same code.
msharectl_SOURCES += \
	fuse/memory/backing.c fuse/memory/backing.h \
	fuse/memory/cgroup_limit.c fuse/memory/cgroup_limit.h \
	fuse/memory/hugepage_command.c fuse/memory/hugepage_command.h \
	fuse/memory/memory_limit.c fuse/memory/memory_limit.h \
	fuse/memory/hugepage_pool.c fuse/memory/hugepage_pool.h \
	fuse/base/size.c fuse/base/size.h
msharectl_CPPFLAGS = $(tools_cppflags) \
	-DPRELOAD_PATH='"$(pkglibdir)/libmshare-preload.so"'
msharectl_LDADD = libcommon.la $(SMARTCOLS_LIBS) $(NCURSES_LIBS) -lpthread

dist_bashcompletion_DATA = completions/msharectl

# mount(8) finds it by the name of the filesystem type.
mount_SCRIPTS = tools/mount.msharefs
tools/mount.msharefs: $(srcdir)/tools/mount.msharefs.in Makefile
	$(AM_V_GEN)$(MKDIR_P) tools && \
	sed 's|@bindir[@]|$(bindir)|' $(srcdir)/tools/mount.msharefs.in >$@ && chmod +x $@
EXTRA_DIST += tools/mount.msharefs.in
CLEANFILES += tools/mount.msharefs

install-data-hook: link-mount-helper
link-mount-helper: install-mountSCRIPTS
	cd $(DESTDIR)$(mountdir) && $(LN_S) -f mount.msharefs mount.fuse.msharefs
uninstall-hook: unlink-mount-helper
unlink-mount-helper:
	rm -f $(DESTDIR)$(mountdir)/mount.fuse.msharefs
.PHONY: link-mount-helper unlink-mount-helper
