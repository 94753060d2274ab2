/* SPDX-License-Identifier: MIT */
#include "memory/populate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <unistd.h>

#include "common/uffd.h"

/* What a thread takes at a time; also how long an interrupt can take. */
#define PIECE (64ULL << 20)
/* So little is allocated without threads. */
#define FEW (8ULL << 20)
#define MAX_THREADS 64

struct job {
	int (*work)(struct job *job, char *at, size_t length);
	char *base; /* of the mapping; offset 0 of the region is origin */
	uint64_t origin;
	uint64_t piece; /* bytes that a thread takes at a time, whole pages */
	int from_fd;
	char *from; /* the same as it is mapped, for install() */
	int uffd;   /* -1: the mapping is not registered */
	const struct extents *list;
	const atomic_bool *stop;

	pthread_mutex_t lock;
	size_t index; /* lock: the extent that is next */
	uint64_t at;  /* lock: what of it is done */
	int err;      /* lock: the first failure; all stop */
};

static int allocate(struct job *job, char *at, size_t length)
{
	(void)job;
	if (!madvise(at, length, MADV_POPULATE_WRITE))
		return 0;
	/* EFAULT: the fault would have been a SIGBUS, no page being free. */
	return errno == EFAULT ? -ENOMEM : -errno;
}

/* From the same place of another file */
static int fill(struct job *job, char *at, size_t length)
{
	while (length) {
		off_t from = (off_t)(job->origin + (uint64_t)(at - job->base));
		ssize_t n = pread(job->from_fd, at, length, from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

/* The same at once: whoever looks sees nothing or all of a page. */
static int install(struct job *job, char *at, size_t length)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)at,
		.src = (uintptr_t)job->from + (uint64_t)(at - job->base),
		.len = length,
	};

	while (copy.len) {
		int err = ioctl(job->uffd, UFFDIO_COPY, &copy) ? -errno : 0;

		if (err && err != -EAGAIN)
			return err;
		if (copy.copy > 0) {
			copy.dst += (uint64_t)copy.copy;
			copy.src += (uint64_t)copy.copy;
			copy.len -= (uint64_t)copy.copy;
		}
		copy.copy = 0;
	}
	return 0;
}

static bool next_piece(struct job *job, struct extent *piece)
{
	bool found = false;

	pthread_mutex_lock(&job->lock);
	if (!job->err && job->stop && atomic_load(job->stop))
		job->err = -EINTR;
	if (!job->err && job->index < job->list->n) {
		const struct extent *e = &job->list->v[job->index];

		piece->start = e->start + job->at;
		piece->end = e->end;
		if (piece->end - piece->start > job->piece)
			piece->end = piece->start + job->piece;
		job->at += piece->end - piece->start;
		if (piece->end == e->end) {
			job->index++;
			job->at = 0;
		}
		found = true;
	}
	pthread_mutex_unlock(&job->lock);
	return found;
}

static void *worker(void *arg)
{
	struct job *job = arg;
	struct extent piece;

	while (next_piece(job, &piece)) {
		int err =
			job->work(job, job->base + (piece.start - job->origin),
				  piece.end - piece.start);

		if (!err)
			continue;
		pthread_mutex_lock(&job->lock);
		if (!job->err)
			job->err = err;
		pthread_mutex_unlock(&job->lock);
	}
	return NULL;
}

/* As many helpers as there are processors and pieces; with none it is slow. */
static void work_in_parallel(struct job *job)
{
	uint64_t pieces = extents_bytes(job->list) / PIECE;
	long cpus = pieces > 1 ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
	pthread_t threads[MAX_THREADS];
	sigset_t all, old;
	int n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	while (n + 1 < cpus && (uint64_t)n + 1 < pieces && n < MAX_THREADS) {
		if (pthread_create(&threads[n], NULL, worker, job))
			break;
		n++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	worker(job);
	while (n--)
		pthread_join(threads[n], NULL);
}

/* For install(), which fills what is registered from what is mapped. */
static int map_source(struct job *job, uint64_t length)
{
	void *from = mmap(NULL, length, PROT_READ, MAP_SHARED | MAP_NORESERVE,
			  job->from_fd, (off_t)job->origin);

	if (from == MAP_FAILED)
		return -errno;
	job->from = from;
	return uffd_register(job->uffd, (uintptr_t)job->base, length);
}

static int run(struct job *job, int fd, uint64_t page,
	       const struct extents *list)
{
	uint64_t length;

	if (!list->n)
		return 0;
	job->list = list;
	job->piece = page > PIECE ? page : PIECE;
	job->origin = list->v[0].start / page * page;
	length = list->v[list->n - 1].end - job->origin;
	length = (length + page - 1) / page * page;
	/* Not registered with a userfaultfd: here a touch makes a page. */
	job->base = mmap(NULL, length, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, fd, (off_t)job->origin);
	if (job->base == MAP_FAILED)
		return -errno;
	if (job->uffd >= 0)
		job->err = map_source(job, length);
	if (!job->err) {
		pthread_mutex_init(&job->lock, NULL);
		work_in_parallel(job);
		pthread_mutex_destroy(&job->lock);
	}
	if (job->from)
		munmap(job->from, length);
	munmap(job->base, length);
	return job->err;
}

/*
 * Of huge pages one call a piece does as well, and no mapping has to be taken
 * away from all processors. (On tmpfs such pages look as if they were not there
 * until they are touched.)
 */
static bool can_allocate_few(int fd, const struct extents *list)
{
	struct statfs fs;

	return extents_bytes(list) <= FEW && !fstatfs(fd, &fs) &&
	       fs.f_type == HUGETLBFS_MAGIC;
}

static int allocate_few(int fd, const struct extents *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct extent *e = &list->v[i];

		while (fallocate(fd, 0, (off_t)e->start,
				 (off_t)(e->end - e->start)))
			if (errno != EINTR)
				return errno == ENOSPC ? -ENOMEM : -errno;
	}
	return 0;
}

int populate_allocate(int fd, uint64_t page, const struct extents *list,
		      const atomic_bool *stop)
{
	struct job job = {.work = allocate, .stop = stop, .uffd = -1};

	if (can_allocate_few(fd, list))
		return allocate_few(fd, list);
	return run(&job, fd, page, list);
}

int populate_zero(int fd, uint64_t page, const struct extents *list)
{
	struct job job = {.work = fill, .uffd = -1};
	int err;

	if (!list->n)
		return 0;
	job.from_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (job.from_fd < 0)
		return -errno;
	err = run(&job, fd, page, list);
	close(job.from_fd);
	return err;
}

int populate_copy(int from, int to, uint64_t page, const struct extents *list,
		  const atomic_bool *stop)
{
	struct job job = {
		.work = fill, .from_fd = from, .uffd = -1, .stop = stop};
	int err = run(&job, to, page, list);

	/* No page was free to write to. */
	return err == -EFAULT ? -ENOMEM : err;
}

int populate_refused(int err)
{
	return err == -EPERM || err == -ENOSYS || err == -EINVAL ? -EOPNOTSUPP
								 : err;
}

int populate_install(int from, int to, uint64_t page,
		     const struct extents *list, const atomic_bool *stop)
{
	struct job job = {.work = install, .from_fd = from, .stop = stop};
	int err;

	if (!list->n)
		return 0;
	job.uffd = uffd_open();
	if (job.uffd < 0)
		return populate_refused(job.uffd);
	err = run(&job, to, page, list);
	close(job.uffd);
	return err;
}
