/* SPDX-License-Identifier: MIT */
/* Fills pages from several threads, piece by piece. */
#include "memory/populate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <unistd.h>

#include "common/uffd.h"

/* Bytes that a thread takes at a time; it looks at *stop in between. */
#define PIECE (64ULL << 20)
/* Up to so many bytes are allocated without threads. */
#define FEW (8ULL << 20)
#define MAX_THREADS 64

struct job {
	int (*work)(struct job *job, char *at, size_t length);
	char *base;	 /* where the target file is mapped */
	uint64_t origin; /* the file offset at base */
	uint64_t length; /* of that mapping */
	uint64_t piece;	 /* PIECE, but at least a page */
	int from_fd;
	char *from; /* where from_fd is mapped, for install() */
	int uffd;   /* with which base is registered; -1: none */
	const struct extents *list;
	const atomic_bool *stop;

	pthread_mutex_t lock;
	/* Protected by lock: */
	size_t index; /* the extent that is next */
	uint64_t at;  /* bytes of it that are taken */
	int err;      /* the first failure, which stops all threads */
};

static int allocate(struct job *job, char *at, size_t length)
{
	(void)job;
	if (!madvise(at, length, MADV_POPULATE_WRITE))
		return 0;
	/* EFAULT: no page was free; a touch would raise SIGBUS. */
	return errno == EFAULT ? -ENOMEM : -errno;
}

/* Reads from the same offset of another file. */
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

/* Copies whole pages at once: nobody sees a page half filled. */
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

/*
 * Starts a thread for each further processor and piece. If that fails, the
 * caller does the work alone.
 */
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

/* For install(): maps the source, and registers the target. */
static int map_source(struct job *job)
{
	void *from =
		mmap(NULL, job->length, PROT_READ, MAP_SHARED | MAP_NORESERVE,
		     job->from_fd, (off_t)job->origin);

	if (from == MAP_FAILED)
		return -errno;
	job->from = from;
	return uffd_register(job->uffd, (uintptr_t)job->base, job->length);
}

static uint64_t piece_for(uint64_t page)
{
	return page > PIECE ? page : PIECE;
}

/* Maps the file where the work will be. */
static int map_target(struct job *job, int fd, uint64_t page,
		      const struct extents *list)
{
	uint64_t end;

	job->list = list;
	job->piece = piece_for(page);
	job->origin = list->v[0].start / page * page;
	end = (list->v[list->n - 1].end + page - 1) / page * page;
	job->length = end - job->origin;
	/* Without a userfaultfd, so that a touch allocates a page. */
	job->base = mmap(NULL, job->length, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, fd, (off_t)job->origin);
	return job->base == MAP_FAILED ? -errno : 0;
}

static void work(struct job *job)
{
	pthread_mutex_init(&job->lock, NULL);
	work_in_parallel(job);
	pthread_mutex_destroy(&job->lock);
}

static int run(struct job *job, int fd, uint64_t page,
	       const struct extents *list)
{
	int err = list->n ? map_target(job, fd, page, list) : 0;

	if (err || !list->n)
		return err;
	if (job->uffd >= 0)
		job->err = map_source(job);
	if (!job->err)
		work(job);
	if (job->from)
		munmap(job->from, job->length);
	munmap(job->base, job->length);
	return job->err;
}

/*
 * For a few huge pages fallocate() is as fast, and saves the mapping, whose
 * removal has to flush the TLBs. Not on tmpfs, where SEEK_DATA does not
 * find fallocated pages until they are touched.
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

int zeroing_prepare(struct zeroing *zeroing, int fd, uint64_t page,
		    const struct extents *list)
{
	struct job job = {.uffd = -1};
	int err;

	*zeroing = (struct zeroing){.list = list};
	if (!list->n)
		return 0;
	zeroing->zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (zeroing->zero_fd < 0)
		return -errno;
	err = map_target(&job, fd, page, list);
	if (err) {
		close(zeroing->zero_fd);
		return err;
	}
	zeroing->page = page;
	zeroing->base = job.base;
	zeroing->origin = job.origin;
	zeroing->length = job.length;
	return 0;
}

int zeroing_do(const struct zeroing *zeroing)
{
	struct job job = {
		.work = fill,
		.list = zeroing->list,
		.piece = piece_for(zeroing->page),
		.base = zeroing->base,
		.origin = zeroing->origin,
		.from_fd = zeroing->zero_fd,
		.uffd = -1,
	};

	if (zeroing->base)
		work(&job);
	return job.err;
}

void zeroing_end(struct zeroing *zeroing)
{
	if (!zeroing->base)
		return;
	munmap(zeroing->base, zeroing->length);
	close(zeroing->zero_fd);
	zeroing->base = NULL;
}

int populate_zero(int fd, uint64_t page, const struct extents *list)
{
	struct zeroing zeroing;
	int err = zeroing_prepare(&zeroing, fd, page, list);

	if (err)
		return err;
	err = zeroing_do(&zeroing);
	zeroing_end(&zeroing);
	return err;
}

int populate_copy(int from, int to, uint64_t page, const struct extents *list,
		  const atomic_bool *stop)
{
	struct job job = {
		.work = fill, .from_fd = from, .uffd = -1, .stop = stop};
	int err = run(&job, to, page, list);

	/* pread() says EFAULT when no page is free to write to. */
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
