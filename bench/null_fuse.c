/* SPDX-License-Identifier: MIT */
/*
 * The minimum that a filesystem in user space costs: a passthrough to a
 * directory, which only passes each request on.
 *
 * It mounts, uses threads and lets the kernel cache as msharefs does
 * (fuse/main.c, fuse/ops/ops.c), so that the kernel sends both the same
 * requests: the kernel checks permissions, answers stay valid for a day, data
 * is never spliced, and there is nothing to flush. Both have extended
 * attributes, as tmpfs has, which the kernel reads before it sets a size. Of
 * attributes only the size can be set.
 */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <bsd/sys/queue.h>

#define CACHE_SECONDS 86400.0
#define MAX_THREADS 64
#define IDLE_THREADS 16
#define BUCKETS 16384

/* A file that the kernel knows; its address is the node id. */
struct node {
	int fd;		  /* O_PATH */
	ino_t number;	  /* unique, as all files are of one filesystem */
	uint64_t lookups; /* lock */
	LIST_ENTRY(node) entry;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, node) nodes[BUCKETS]; /* lock; by number */
static struct node root;

static struct node *node_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &root : (struct node *)(uintptr_t)ino;
}

static int fd_of(fuse_ino_t ino)
{
	return node_of(ino)->fd;
}

/* Under the lock; NULL if it is not known. */
static struct node *node_find(ino_t number)
{
	struct node *n;

	LIST_FOREACH (n, &nodes[number % BUCKETS], entry)
		if (n->number == number)
			break;
	return n;
}

/* The node of the file fd. The node takes fd over, or it is closed. */
static struct node *node_get(int fd, ino_t number)
{
	struct node *n, *new = NULL;

	pthread_mutex_lock(&lock);
	n = node_find(number);
	if (!n)
		n = new = malloc(sizeof(*new));
	if (new) {
		*new = (struct node){.fd = fd, .number = number};
		LIST_INSERT_HEAD(&nodes[number % BUCKETS], new, entry);
	}
	if (n)
		n->lookups++;
	pthread_mutex_unlock(&lock);
	if (!new)
		close(fd);
	return n;
}

static void node_forget(struct node *n, uint64_t lookups)
{
	bool last;

	pthread_mutex_lock(&lock);
	n->lookups -= lookups;
	last = n->lookups == 0 && n != &root;
	if (last)
		LIST_REMOVE(n, entry);
	pthread_mutex_unlock(&lock);
	if (last) {
		close(n->fd);
		free(n);
	}
}

/* 0 or a positive error number, as libfuse expects. */
static int look_up(fuse_ino_t parent, const char *name,
		   struct fuse_entry_param *entry)
{
	int fd = openat(fd_of(parent), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct node *n;
	int err;

	*entry = (struct fuse_entry_param){
		.attr_timeout = CACHE_SECONDS,
		.entry_timeout = CACHE_SECONDS,
	};
	if (fd < 0)
		return errno;
	if (fstatat(fd, "", &entry->attr, AT_EMPTY_PATH)) {
		err = errno;
		close(fd);
		return err;
	}
	n = node_get(fd, entry->attr.st_ino);
	entry->ino = (fuse_ino_t)(uintptr_t)n;
	return n ? 0 : ENOMEM;
}

static void reply_done(fuse_req_t req, int result)
{
	fuse_reply_err(req, result < 0 ? errno : 0);
}

static void op_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want &=
		~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
				FUSE_CAP_SPLICE_MOVE);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry;
	int err = look_up(parent, name, &entry);

	if (err)
		fuse_reply_err(req, err);
	else
		fuse_reply_entry(req, &entry);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	node_forget(node_of(ino), lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count,
			    struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_forget(node_of(forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, fuse_ino_t ino)
{
	struct stat st;

	if (fstatat(fd_of(ino), "", &st, AT_EMPTY_PATH))
		fuse_reply_err(req, errno);
	else
		fuse_reply_attr(req, &st, CACHE_SECONDS);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	(void)fi;
	reply_attr(req, ino);
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
		       int to_set, struct fuse_file_info *fi)
{
	if (!(to_set & FUSE_SET_ATTR_SIZE) || !fi)
		fuse_reply_err(req, EOPNOTSUPP);
	else if (ftruncate((int)fi->fh, attr->st_size))
		fuse_reply_err(req, errno);
	else
		reply_attr(req, ino);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name,
		     mode_t mode)
{
	if (mkdirat(fd_of(parent), name, mode))
		fuse_reply_err(req, errno);
	else
		op_lookup(req, parent, name);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_done(req, unlinkat(fd_of(parent), name, 0));
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_done(req, unlinkat(fd_of(parent), name, AT_REMOVEDIR));
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name,
		      mode_t mode, struct fuse_file_info *fi)
{
	int fd = openat(fd_of(parent), name,
			(fi->flags & ~O_NOFOLLOW) | O_CREAT | O_CLOEXEC, mode);
	struct fuse_entry_param entry;
	int err;

	if (fd < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	err = look_up(parent, name, &entry);
	if (err) {
		close(fd);
		fuse_reply_err(req, err);
		return;
	}
	fi->fh = (uint64_t)fd;
	fi->direct_io = 1;
	fi->noflush = 1;
	fuse_reply_create(req, &entry, fi);
}

/* By descriptor, as its name may belong to another file by now. */
static void path_of(fuse_ino_t ino, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd_of(ino));
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	char path[32];
	int fd;

	path_of(ino, path);
	fd = open(path, (fi->flags & ~O_NOFOLLOW) | O_CLOEXEC);
	if (fd < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	fi->fh = (uint64_t)fd;
	fi->direct_io = 1;
	fi->noflush = 1;
	fuse_reply_open(req, fi);
}

/* size 0 asks for the length. */
static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
			size_t size)
{
	char path[32], *value = size ? malloc(size) : NULL;
	ssize_t got;

	path_of(ino, path);
	got = getxattr(path, name, value, value ? size : 0);
	if (got < 0)
		fuse_reply_err(req, errno);
	else if (size && !value)
		fuse_reply_err(req, ENOMEM);
	else if (size)
		fuse_reply_buf(req, value, (size_t)got);
	else
		fuse_reply_xattr(req, (size_t)got);
	free(value);
}

static void op_release(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	(void)ino;
	reply_done(req, close((int)fi->fh));
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	int fd = openat(fd_of(ino), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fuse_reply_err(req, errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	fi->fh = (uintptr_t)dir;
	fuse_reply_open(req, fi);
}

/* Names in the order of readdir(); one that does not fit is read again. */
static size_t list(fuse_req_t req, DIR *dir, char *buf, size_t size)
{
	size_t used = 0;

	for (;;) {
		long before = telldir(dir);
		const struct dirent *d = readdir(dir);
		struct stat st = {0};
		size_t need;

		if (!d)
			return used;
		st.st_ino = d->d_ino;
		st.st_mode = DTTOIF(d->d_type);
		need = fuse_add_direntry(req, buf + used, size - used,
					 d->d_name, &st, d->d_off);
		if (need > size - used) {
			seekdir(dir, before);
			return used;
		}
		used += need;
	}
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size,
		       off_t offset, struct fuse_file_info *fi)
{
	DIR *dir = (DIR *)(uintptr_t)fi->fh;
	char *buf = malloc(size);

	(void)ino;
	if (!buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	if (telldir(dir) != offset)
		seekdir(dir, offset);
	fuse_reply_buf(req, buf, list(req, dir, buf, size));
	free(buf);
}

static void op_releasedir(fuse_req_t req, fuse_ino_t ino,
			  struct fuse_file_info *fi)
{
	(void)ino;
	reply_done(req, closedir((DIR *)(uintptr_t)fi->fh));
}

static const struct fuse_lowlevel_ops ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.create = op_create,
	.open = op_open,
	.release = op_release,
	.getxattr = op_getxattr,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.releasedir = op_releasedir,
};

static int serve(struct fuse_session *session)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int err;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
	fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
	err = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	return err < 0 ? err : 0;
}

static int run(struct fuse_session *session, const char *mountpoint)
{
	int err = -1;

	if (fuse_set_signal_handlers(session))
		return err;
	if (!fuse_session_mount(session, mountpoint)) {
		err = serve(session);
		fuse_session_unmount(session);
	}
	fuse_remove_signal_handlers(session);
	return err;
}

static int mount_and_serve(const char *name, const char *mountpoint)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	int err = -1;

	if (!fuse_opt_add_arg(&args, name) &&
	    !fuse_opt_add_arg(&args, "-ofsname=null,subtype=null,"
				     "default_permissions"))
		session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (session) {
		err = run(session, mountpoint);
		fuse_session_destroy(session);
	}
	fuse_opt_free_args(&args);
	return err;
}

/* Each file that the kernel knows takes a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		perror("descriptor limit");
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "Usage: %s DIRECTORY MOUNTPOINT\n", argv[0]);
		return 2;
	}
	umask(0); /* the kernel has applied the caller's */
	raise_descriptor_limit();
	root.fd = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0) {
		perror(argv[1]);
		return 1;
	}
	return mount_and_serve(argv[0], argv[2]) ? 1 : 0;
}
