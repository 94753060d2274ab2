/* SPDX-License-Identifier: MIT */
/*
 * libmshare: shared regions whose page tables are shared, too.
 *
 * Three interfaces to the same regions (mshare_overview(7)):
 *
 *   2022  mshare(), mshare_unlink(): a name, an address, a length
 *   fd    mshare_fd(): the same without a name; close() ends it
 *   2026  mshare_create() and what goes with its descriptor
 *
 * Calls return -1 (mshare_attach(): MAP_FAILED) and set errno; mshare_error()
 * then says in words what was wrong. All are thread-safe. After fork() the
 * child has the windows of its parent; after execve() none.
 */
#ifndef MSHARE_H
#define MSHARE_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which mount */

/*
 * Instead of a descriptor of a mount: the one that $MSHAREFS_MOUNT names, and
 * no other; if that is not set the user's default mount, which is
 * $XDG_RUNTIME_DIR/msharefs (without that variable /run/user/UID/msharefs);
 * else /sys/fs/mshare.
 */
#define MSHARE_DEFAULT_MOUNT (-1)

/**
 * mshare_mount_open() - a handle of a mount of msharefs
 * @path: the mount, or a directory in it; NULL: MSHARE_DEFAULT_MOUNT
 *
 * Return: a descriptor (O_PATH, O_CLOEXEC) for the calls that end in _at, or
 * -1. ENODEV: no msharefs is there, or nowhere (@path is NULL); ENOTDIR, and
 * the errors of open(2).
 */
int mshare_mount_open(const char *path);

/* 2022 */

/**
 * mshare() - make memory a region, or attach to one, by name (RFC 2022)
 * @name: of the region, with or without one leading slash; no other slash
 * @addr: where it is in every process; a multiple of the mount's alignment
 * @length: in bytes; likewise, not 0
 * @oflags: O_RDWR or O_RDONLY, and O_CREAT (with or without O_EXCL)
 * @mode: of the file, with O_CREAT; as of open(2), less the umask
 *
 * With O_CREAT, all of @addr to @addr + @length must be mapped, and becomes the
 * region: it keeps what it holds, and how its parts are protected. Nobody sees
 * the region before it is whole; on failure nothing has changed. No thread may
 * use the memory meanwhile.
 *
 * Return: 0 or -1. See mshare(3) for all errors.
 */
int mshare(const char *name, void *addr, size_t length, int oflags,
	   mode_t mode);
int mshare_at(int mount, const char *name, void *addr, size_t length,
	      int oflags, mode_t mode);

/**
 * mshare_unlink() - give up a region, and its name (RFC 2022)
 * @name: as of mshare()
 *
 * Unmaps it in the calling process and takes the name away; the last process
 * that has it frees it. Return: 0 or -1. EINVAL: there is none of that name.
 */
int mshare_unlink(const char *name);
int mshare_unlink_at(int mount, const char *name);

/* The reviewers' alternative to 2022: a descriptor instead of a name */

#define MSHARE_CLOEXEC 02000000 /* O_CLOEXEC */

/**
 * mshare_fd() - make memory a region without a name
 * @addr: as of mshare(); NULL: an empty region, at any address
 * @length: in bytes; a multiple of the mount's alignment, not 0
 * @flags: 0 or MSHARE_CLOEXEC
 *
 * Others get the descriptor by fork() or SCM_RIGHTS, and attach with
 * mshare_attach() or mmap(). When no descriptor and no window is left, it is
 * freed.
 *
 * Return: a descriptor, or -1.
 */
int mshare_fd(void *addr, size_t length, unsigned int flags);
int mshare_fd_at(int mount, void *addr, size_t length, unsigned int flags);

/* 2026 */

/**
 * mshare_create() - a region that ends with its creator (LSF/MM 2026)
 * @flags: 0 or MSHARE_CLOEXEC
 *
 * Its size is set with ftruncate(), once. When the calling process exits, or
 * has closed its last descriptor of it, the region ends: it is empty at once in
 * every process (SIGSEGV), and can be attached to no more.
 *
 * Return: a descriptor, or -1.
 */
int mshare_create(unsigned int flags);
int mshare_create_at(int mount, unsigned int flags);

/* Flags of mshare_attach(). */
#define MSHARE_READ_ONLY 1U /* the window cannot be written */
#define MSHARE_EXEC 2U	    /* it can be executed */
#define MSHARE_FIXED 4U	    /* at @addr, or EEXIST */
#define MSHARE_REPLACE 8U   /* at @addr, whatever is there (MAP_FIXED) */

/**
 * mshare_attach() - map a region into this process
 * @fd: of the region
 * @offset: 0
 * @size: the region's, or 0 for that
 * @addr: where; NULL, or a hint without MSHARE_FIXED and MSHARE_REPLACE
 * @flags: MSHARE_*
 *
 * Return: its address, a multiple of the mount's alignment, or MAP_FAILED.
 */
void *mshare_attach(int fd, off_t offset, size_t size, void *addr,
		    unsigned int flags);

/**
 * mshare_detach() - unmap a region from this process
 * @addr: as returned by mshare_attach()
 * @size: the region's, or 0 for that
 *
 * Return: 0 or -1. EINVAL: no window begins there, or it has another size.
 */
int mshare_detach(void *addr, size_t size);

/*
 * Flag of mshare_map(): memory comes when it is touched (MAP_NORESERVE); SIGBUS
 * if there is none then.
 */
#define MSHARE_LAZY 1U

/**
 * mshare_map() - place zeroed memory in a region, for every process
 * @fd: of the region, open for writing
 * @offset: in bytes from its beginning; page-aligned
 * @size: in bytes, not 0; rounded up to a page
 * @prot: PROT_*, obeyed by every process
 * @flags: 0 or MSHARE_LAZY
 *
 * What was mapped there is replaced. Return: 0, all memory being there
 * (without MSHARE_LAZY), or -1 and nothing has changed.
 */
int mshare_map(int fd, off_t offset, size_t size, int prot, unsigned int flags);

/**
 * mshare_unmap() - take memory out of a region, for every process
 * @fd: of the region, open for writing
 * @offset: in bytes from its beginning; page-aligned
 * @size: in bytes, not 0; rounded up to a page. Holes are fine.
 *
 * Return: 0 or -1.
 */
int mshare_unmap(int fd, off_t offset, size_t size);

/**
 * mshare_protect() - change a protection, for every process at once
 * @fd: of the region, open for writing
 * @offset: in bytes from its beginning; page-aligned
 * @size: in bytes, not 0; rounded up to a page; all of it mapped
 * @prot: PROT_*; with PROT_NONE what it holds is kept
 *
 * When it returns, every process obeys. Return: 0, or -1 and nothing has
 * changed.
 */
int mshare_protect(int fd, off_t offset, size_t size, int prot);

/**
 * mshare_advise() - say how memory will be used, for every process
 * @fd: of the region, open for writing
 * @offset: in bytes from its beginning; page-aligned
 * @size: in bytes, not 0; rounded up to a page; all of it mapped
 * @advice: MADV_DONTNEED: it reads as zeros again, and lazy memory that can
 *	be written is given back; MADV_POPULATE_WRITE: lazy memory is taken now
 *
 * Return: 0 or -1.
 */
int mshare_advise(int fd, off_t offset, size_t size, int advice);

/* Of all */

/**
 * mshare_error() - what was wrong with the last call of this thread that failed
 *
 * Return: a line without newline, valid until the next call of this thread.
 * For people: its words may change.
 */
const char *mshare_error(void);

#ifdef __cplusplus
}
#endif

#endif
