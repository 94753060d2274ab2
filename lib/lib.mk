# SPDX-License-Identifier: MIT
# lib/: the interface (include/), what all programs of the project share
# (common/), the engine that makes windows (engine/), the wrappers around libc
# (wrap/), and what only one of the two libraries has (preload/ and share/, api/).

noinst_LTLIBRARIES += libcommon.la libengine.la libwrap.la

libcommon_la_SOURCES = \
	lib/common/address_reserve.c lib/common/address_reserve.h \
	lib/common/daemon_gone.h lib/common/export.h \
	lib/common/fdpass.c lib/common/fdpass.h \
	lib/common/ioctl_forms_v1.c lib/common/ioctl_forms_v2.c lib/common/ioctl_forms.h \
	lib/common/msharefs_file.c lib/common/msharefs_file.h \
	lib/common/protocol.h \
	lib/common/syscalls.h \
	lib/common/uffd.c lib/common/uffd.h
libcommon_la_CPPFLAGS = $(lib_cppflags)
# Compiled into the programs that need them, not into every one.
sysfs_overlay = lib/common/sysfs_overlay.c lib/common/sysfs_overlay.h \
	lib/common/our_mount.c lib/common/our_mount.h
default_mount = lib/common/default_mount.c lib/common/default_mount.h

libengine_la_SOURCES = \
	lib/engine/attach_client.c lib/engine/attach_client.h \
	lib/engine/daemon_channel.c lib/engine/daemon_channel.h \
	lib/engine/daemon_identity.c lib/engine/daemon_identity.h \
	lib/engine/fault_query.c lib/engine/fault_query.h \
	lib/engine/kept_fd.c lib/engine/kept_fd.h \
	lib/engine/own_descriptors.c lib/engine/own_descriptors.h \
	lib/engine/sigbus.c lib/engine/sigbus.h \
	lib/engine/window_guard.c lib/engine/window_guard.h \
	lib/engine/window_inherit.c lib/engine/window_inherit.h \
	lib/engine/window_leave.c lib/engine/window_leave.h \
	lib/engine/window_table.c lib/engine/window_table.h
libengine_la_CPPFLAGS = $(lib_cppflags)
libengine_la_LIBADD = libcommon.la

# In both libraries: the wrappers, and the entry points of the engine.
libwrap_la_SOURCES = \
	lib/engine/engine.c lib/engine/engine_export.c lib/engine/engine.h \
	lib/wrap/libc_real.c lib/wrap/libc_real.h lib/wrap/redirect.h \
	lib/wrap/window_range.h lib/wrap/wrap_advice.c \
	lib/wrap/wrap_memory.c lib/wrap/wrap_signal.c lib/wrap/wrap.h
libwrap_la_CPPFLAGS = $(lib_cppflags)
libwrap_la_LIBADD = libengine.la

# Preloaded into programs that do not know msharefs.
pkglib_LTLIBRARIES = libmshare-preload.la
libmshare_preload_la_SOURCES = \
	lib/preload/fstype_view.c lib/preload/fstype_view.h \
	lib/preload/mount_emulation.c lib/preload/mount_emulation.h \
	lib/preload/mount_refs.c lib/preload/mount_refs.h \
	lib/preload/procfd.h \
	lib/preload/spawn_helper.c lib/preload/spawn_helper.h \
	lib/preload/wrap_fs.c \
	lib/preload/wrap_read.c \
	lib/share/share.c \
	lib/share/share_anon.c lib/share/share_anon.h \
	lib/share/share_calls.c lib/share/share_calls.h \
	lib/share/share_message.c lib/share/share_message.h \
	lib/share/share_options.c lib/share/share_options.h \
	lib/share/share_ordinary.c lib/share/share_ordinary.h \
	lib/share/share_pool.c lib/share/share_pool.h \
	lib/share/share_range.c lib/share/share_range.h \
	lib/share/share_table.c lib/share/share_table.h \
	lib/share/share_witness.c lib/share/share_witness.h \
	lib/share/wrap_dlopen.c
libmshare_preload_la_CPPFLAGS = $(lib_cppflags)
libmshare_preload_la_LIBADD = libwrap.la
# fork() copies every mapping, and every page that was written to. So the library
# has few mappings, and its symbols are bound once, at start, not in each child.
libmshare_preload_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,-z,now,-z,noseparate-code

if FAULT_POINTS
libmshare_preload_la_SOURCES += tests/fault/engine_faults.c \
	tests/fault/fault_points.c
libmshare_preload_la_LDFLAGS += -Wl,--wrap=syscall
endif

# Linked by programs. It is never unloaded: it contains the SIGBUS handler.
lib_LTLIBRARIES = libmshare.la
libmshare_la_SOURCES = \
	lib/api/api.c lib/api/api.h \
	lib/api/donate.c lib/api/donate.h \
	lib/api/last_error.c lib/api/last_error.h \
	lib/api/mount_lookup.c lib/api/mount_lookup.h \
	lib/api/mshare_2022.c \
	lib/api/mshare_change.c \
	lib/api/mshare_fd.c \
	lib/api/mshare_window.c \
	lib/api/process_memory.c lib/api/process_memory.h \
	lib/api/unpublished_region.c lib/api/unpublished_region.h \
	$(default_mount)
libmshare_la_CPPFLAGS = $(lib_cppflags)
libmshare_la_LIBADD = libwrap.la
libmshare_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -Wl,-z,nodelete \
	-Wl,--version-script=$(srcdir)/lib/libmshare.map
libmshare_la_DEPENDENCIES = libwrap.la lib/libmshare.map
EXTRA_DIST += lib/libmshare.map

uapidir = $(includedir)/msharefs/linux
uapi_HEADERS = lib/include/linux/msharefs.h
include_HEADERS = lib/include/mshare.h lib/include/mshare_ioctl.h
pkgconfig_DATA = lib/mshare.pc lib/msharefs-uapi.pc
