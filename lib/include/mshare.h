/* SPDX-License-Identifier: MIT */
/*
 * libmshare: memory that processes share together with its page tables.
 *
 * Three interfaces to the same regions; see mshare_overview(7):
 *
 *   2022  mshare(), mshare_unlink(): a region has a name, an address, a length
 *   fd    mshare_fd(): a region has no name; it ends with its last descriptor
 *   2026  mshare_create() and the calls that take its descriptor
 *
 * On failure, calls return -1 (mshare_attach(): MAP_FAILED) and set errno;
 * mshare_error() then explains in words what was wrong. All calls are
 * thread-safe. A child made by fork() inherits the windows of its parent; after
 * execve() a process has none.
 */
#ifndef MSHARE_H
#define MSHARE_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Choosing a mount */

/*
 * Stands for a descriptor of a mount. If $MSHAREFS_MOUNT is set, it selects the
 * mount named there and no other. Otherwise it selects the user's default
 * mount, $XDG_RUNTIME_DIR/msharefs (/run/user/UID/msharefs if that variable is
 * not set), or, if nothing is mounted there, /sys/fs/mshare.
 */
#define MSHARE_DEFAULT_MOUNT (-1)

/**
 * mshare_mount_open() - open a mount of msharefs
 * @path: the mount point, or a directory in the mount; NULL for
 *	MSHARE_DEFAULT_MOUNT
 *
 * Return: a descriptor (O_PATH, O_CLOEXEC) for the calls whose names end in
 * _at, or -1 with one of the errors of open(2), ENOTDIR, or ENODEV: msharefs is
 * not mounted at @path (or, if @path is NULL, at any of the default places).
 */
int mshare_mount_open(const char *path);

/* The interface of 2022 */

/**
 * mshare() - turn memory into a named region, or attach to one (RFC, 2022)
 * @name: name of the region; it may begin with one slash and contains no other
 * @addr: address of the region in every process; a multiple of the mount's
 *	alignment, not NULL
 * @length: size in bytes; a multiple of the mount's alignment, not 0
 * @oflags: O_RDWR or O_RDONLY; O_CREAT in addition turns memory into a region,
 *	with or without O_EXCL
 * @mode: with O_CREAT, mode of the file as for open(2); the umask applies
 *
 * With O_CREAT, all memory in [@addr, @addr + @length) must be mapped. It
 * becomes the region and keeps its contents and the protection of each of its
 * parts. The region becomes visible to others only when it is complete. On
 * failure nothing has changed. No thread may use the memory during the call.
 *
 * Return: 0, or -1 with errno set; mshare(3) lists the errors.
 */
int mshare(const char *name, void *addr, size_t length, int oflags,
	   mode_t mode);
int mshare_at(int mount, const char *name, void *addr, size_t length,
	      int oflags, mode_t mode);

/**
 * mshare_unlink() - unmap a region and remove its name (RFC, 2022)
 * @name: name of the region, as for mshare()
 *
 * Unmaps the region in the calling process and removes its name. Its memory is
 * freed when the last process that has it mapped unmaps it or exits.
 *
 * Return: 0, or -1 with errno set. EINVAL: no region has that name.
 */
int mshare_unlink(const char *name);
int mshare_unlink_at(int mount, const char *name);

/* The alternative that reviewers of 2022 proposed: a descriptor, no name */

#define MSHARE_CLOEXEC 02000000 /* O_CLOEXEC */

/**
 * mshare_fd() - turn memory into a region without a name
 * @addr: as for mshare(); or NULL for an empty region that each process maps at
 *	an address of its own
 * @length: size in bytes; a multiple of the mount's alignment, not 0
 * @flags: 0 or MSHARE_CLOEXEC
 *
 * Other processes get the descriptor by fork() or SCM_RIGHTS and attach to the
 * region with mshare_attach() or mmap(). The region is freed when it has no
 * descriptor and no window left.
 *
 * Return: a descriptor, or -1 with errno set.
 */
int mshare_fd(void *addr, size_t length, unsigned int flags);
int mshare_fd_at(int mount, void *addr, size_t length, unsigned int flags);

/* The interface of 2026 */

/**
 * mshare_create() - create a region that ends with its creator (LSF/MM 2026)
 * @flags: 0 or MSHARE_CLOEXEC
 *
 * The caller sets the size of the region once, with ftruncate(). The region
 * ends when the calling process exits or closes its last descriptor of the
 * region: it becomes empty in every process at once, so that accesses raise
 * SIGSEGV, and nobody can attach to it any more.
 *
 * Return: a descriptor, or -1 with errno set.
 */
int mshare_create(unsigned int flags);
int mshare_create_at(int mount, unsigned int flags);

/* Flags of mshare_attach(). */
#define MSHARE_READ_ONLY 1U /* the window is not writable */
#define MSHARE_EXEC 2U	    /* the window is executable */
#define MSHARE_FIXED 4U	    /* at @addr; EEXIST if something is mapped there */
#define MSHARE_REPLACE 8U   /* at @addr, replacing what is mapped there */

/**
 * mshare_attach() - map a region into the calling process
 * @fd: descriptor of the region
 * @offset: 0
 * @size: size of the region in bytes, or 0, which means the same
 * @addr: NULL; or a hint; or, with MSHARE_FIXED or MSHARE_REPLACE, the address
 * @flags: any of the MSHARE_* flags above, but not both MSHARE_FIXED and
 *	MSHARE_REPLACE
 *
 * Return: the address of the window, a multiple of the mount's alignment, or
 * MAP_FAILED with errno set.
 */
void *mshare_attach(int fd, off_t offset, size_t size, void *addr,
		    unsigned int flags);

/**
 * mshare_detach() - unmap a region from the calling process
 * @addr: address of the window, as returned by mshare_attach()
 * @size: size of the region in bytes, or 0, which means the same
 *
 * Return: 0, or -1 with errno set. EINVAL: no window begins at @addr, or its
 * size differs from @size.
 */
int mshare_detach(void *addr, size_t size);

/*
 * Flag of mshare_map(): memory is allocated at the first access, as with
 * MAP_NORESERVE. That access raises SIGBUS if no memory is left.
 */
#define MSHARE_LAZY 1U

/**
 * mshare_map() - map zeroed memory in a region, for every process
 * @fd: descriptor of the region, open for writing
 * @offset: offset in the region in bytes; page-aligned
 * @size: size in bytes, not 0; rounded up to a page
 * @prot: PROT_READ, PROT_WRITE and PROT_EXEC, or PROT_NONE; applies to every
 *	process
 * @flags: 0 or MSHARE_LAZY
 *
 * Replaces what is mapped in that range. Without MSHARE_LAZY, all memory is
 * allocated when the call returns.
 *
 * Return: 0; or -1 with errno set, and nothing has changed.
 */
int mshare_map(int fd, off_t offset, size_t size, int prot, unsigned int flags);

/**
 * mshare_unmap() - unmap memory in a region, for every process
 * @fd: descriptor of the region, open for writing
 * @offset: offset in the region in bytes; page-aligned
 * @size: size in bytes, not 0; rounded up to a page. The range may contain
 *	holes.
 *
 * Return: 0, or -1 with errno set.
 */
int mshare_unmap(int fd, off_t offset, size_t size);

/**
 * mshare_protect() - change the protection of memory, for every process
 * @fd: descriptor of the region, open for writing
 * @offset: offset in the region in bytes; page-aligned
 * @size: size in bytes, not 0; rounded up to a page; the whole range is mapped
 * @prot: PROT_READ, PROT_WRITE and PROT_EXEC, or PROT_NONE, which keeps the
 *	contents
 *
 * When the call returns, the new protection is in force in every process.
 *
 * Return: 0; or -1 with errno set, and nothing has changed.
 */
int mshare_protect(int fd, off_t offset, size_t size, int prot);

/**
 * mshare_advise() - madvise(2) inside a region, for every process
 * @fd: descriptor of the region, open for writing
 * @offset: offset in the region in bytes; page-aligned
 * @size: size in bytes, not 0; rounded up to a page; the whole range is mapped
 * @advice: MADV_DONTNEED zeroes the memory, and frees lazy memory that is
 *	writable; MADV_POPULATE_WRITE allocates lazy memory now
 *
 * Return: 0, or -1 with errno set.
 */
int mshare_advise(int fd, off_t offset, size_t size, int advice);

/* All interfaces */

/**
 * mshare_error() - explain the last failed call of the calling thread
 *
 * The text is for people: its wording may change.
 *
 * Return: one line without a newline, valid until the next call of the library
 * in this thread.
 */
const char *mshare_error(void);

#ifdef __cplusplus
}
#endif

#endif
