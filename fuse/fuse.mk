# SPDX-License-Identifier: MIT
# fuse/: the daemon. Only ops/ and the files beside it know libfuse: the model is
# compiled without its headers.

noinst_LTLIBRARIES += libmodel.la
libmodel_la_SOURCES = \
	fuse/base/array.h \
	fuse/base/client_limits.h \
	fuse/base/clock.h \
	fuse/base/closer.c fuse/base/closer.h \
	fuse/base/closer_internal.h \
	fuse/base/closer_keeper.c \
	fuse/base/counters.c fuse/base/counters.h \
	fuse/base/epoll_watch.h \
	fuse/base/crew.c fuse/base/crew.h \
	fuse/base/errand.c fuse/base/errand.h \
	fuse/base/errand_internal.h fuse/base/errand_runner.c \
	fuse/base/errand_target.h \
	fuse/base/extents.c fuse/base/extents.h \
	fuse/base/log.c fuse/base/log.h \
	fuse/base/quota.c fuse/base/quota.h \
	fuse/base/size.c fuse/base/size.h \
	fuse/base/tree.h \
	fuse/base/turns.c fuse/base/turns.h \
	fuse/base/window_limit.h \
	fuse/mapping/mapping.c fuse/mapping/mapping.h \
	fuse/mapping/protection.c fuse/mapping/protection.h \
	fuse/mapping/protection_steps.c fuse/mapping/protection_steps.h \
	fuse/memory/backing.c fuse/memory/backing.h \
	fuse/memory/backing_limits.c \
	fuse/memory/cgroup_limit.c fuse/memory/cgroup_limit.h \
	fuse/memory/hugepage_command.c fuse/memory/hugepage_command.h \
	fuse/memory/hugepage_pool.c fuse/memory/hugepage_pool.h \
	fuse/memory/memory_limit.c fuse/memory/memory_limit.h \
	fuse/memory/populate.c fuse/memory/populate.h \
	fuse/memory/present_pages.c fuse/memory/present_pages.h \
	fuse/memory/release_wait.c fuse/memory/release_wait.h \
	fuse/region/host_window.c fuse/region/host_window.h \
	fuse/region/prot_none.c fuse/region/prot_none.h \
	fuse/region/region.c fuse/region/region.h \
	fuse/region/region_life.c fuse/region/region_life.h \
	fuse/region/region_protection.c fuse/region/region_protection.h \
	fuse/region/region_rules.c fuse/region/region_rules.h \
	fuse/region/seek.c fuse/region/seek.h \
	fuse/windows/unshared_units.c fuse/windows/unshared_units.h \
	fuse/windows/window.c fuse/windows/window.h \
	fuse/windows/window_batch.c fuse/windows/window_batch.h \
	fuse/windows/window_registry.c fuse/windows/window_registry.h \
	fuse/windows/window_sync.c fuse/windows/window_sync.h \
	fuse/change/advise.c fuse/change/advise.h \
	fuse/change/change_plan.c fuse/change/change_plan.h \
	fuse/change/fault_answer.c fuse/change/fault_answer.h \
	fuse/change/mapping_change.c fuse/change/mapping_change.h \
	fuse/change/mapping_quota.c fuse/change/mapping_quota.h \
	fuse/attach/attach_server.c fuse/attach/attach_server.h \
	fuse/attach/attach_session.c fuse/attach/attach_session.h \
	fuse/attach/handed_uffd.c fuse/attach/handed_uffd.h \
	fuse/attach/packet.c fuse/attach/packet.h \
	fuse/attach/session_internal.h \
	fuse/attach/session_life.c \
	fuse/attach/ticket.c fuse/attach/ticket.h \
	fuse/owner/owner.c fuse/owner/owner.h \
	fuse/owner/owner_close.c \
	fuse/owner/process.c fuse/owner/process.h \
	fuse/namespace/acl.c fuse/namespace/acl.h \
	fuse/namespace/dentry.c fuse/namespace/dentry.h \
	fuse/namespace/dir.c fuse/namespace/dir.h \
	fuse/namespace/inode.c fuse/namespace/inode.h \
	fuse/namespace/inode_attr.c fuse/namespace/inode_attr.h \
	fuse/namespace/inode_internal.h \
	fuse/namespace/inode_struct.h \
	fuse/namespace/inode_xattr.c \
	fuse/namespace/rename.c \
	fuse/namespace/stale_attr.c fuse/namespace/stale_attr.h \
	fuse/namespace/xattr.c fuse/namespace/xattr.h \
	fuse/namespace/xattr_quota.c fuse/namespace/xattr_quota.h
libmodel_la_CPPFLAGS = $(fuse_cppflags)
libmodel_la_LIBADD = libcommon.la

bin_PROGRAMS += msharefs
msharefs_SOURCES = \
	fuse/end_signals.c fuse/end_signals.h \
	fuse/main.c \
	fuse/mountpoint.c fuse/mountpoint.h \
	fuse/options.c fuse/options.h \
	fuse/service_notify.c fuse/service_notify.h \
	fuse/ops/credentials.c fuse/ops/credentials.h \
	fuse/ops/fuse_ops.c \
	fuse/ops/ioctl.c \
	fuse/ops/ioctl_status.c fuse/ops/ioctl_status.h \
	fuse/ops/ioctl_turns.c fuse/ops/ioctl_turns.h \
	fuse/ops/libfuse_log.c fuse/ops/libfuse_log.h \
	fuse/ops/ops.c fuse/ops/ops.h \
	fuse/ops/ops_dir.c \
	fuse/ops/ops_xattr.c \
	fuse/ops/region_status.c fuse/ops/region_status.h \
	fuse/ops/server.c fuse/ops/server.h \
	$(sysfs_overlay)
msharefs_CPPFLAGS = $(fuse_cppflags) $(FUSE_CFLAGS) $(SYSTEMD_CFLAGS)
msharefs_LDADD = libmodel.la $(FUSE_LIBS) $(SYSTEMD_LIBS)

# A daemon whose calls can be made to fail: tests/fault/fault_points.h.
if FAULT_POINTS
msharefs_SOURCES += tests/fault/daemon_faults.c tests/fault/fault_points.c
fault_points = accept4 calloc epoll_create1 epoll_ctl eventfd fallocate fopen \
	ftruncate madvise malloc memfd_create mmap mprotect open openat opendir \
	pipe2 pthread_create realloc reallocarray realpath socket strdup syscall \
	timerfd_create
msharefs_LDFLAGS = $(AM_LDFLAGS) $(fault_points:%=-Wl,--wrap=%)
endif
