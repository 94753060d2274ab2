/* SPDX-License-Identifier: MIT */
/* msharefs(8): start, serve, end. */
#include "ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/sysfs_overlay.h"
#include "region/host_window.h"
#include "base/clock.h"
#include "base/log.h"
#include "ops/libfuse_log.h"
#include "service_notify.h"
#include "base/size.h"

/*
 * CREATE_MAPPING can take seconds; the others must find a thread meanwhile.
 * With few idle ones that may stay, threads end and are made all the time.
 */
#define MAX_THREADS 64
#define IDLE_THREADS 16

/* A window takes two descriptors of the daemon, a region two more. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_msg(LOG_WARNING, "descriptor limit: %s", strerror(errno));
}

/*
 * What many windows at a time have taken is given back. By itself malloc would
 * keep twice the largest block that it ever gave back: megabytes, as libfuse's
 * threads have buffers of one. And what one thread has taken another gives
 * back: with a heap for each thread, all of them would grow to hold all
 * regions.
 */
static void keep_little_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	mallopt(M_ARENA_MAX, 1);
}

/* In one line */
static void describe(const struct server *server, char *text, size_t size)
{
	const struct backing *b = &server->backing;
	char page[SIZE_TEXT], align[SIZE_TEXT];

	snprintf(text, size,
		 "%s: backing %s, pages of %s, alignment %s, page tables "
		 "%s%s%s",
		 server->options.mountpoint, b->name, size_text(b->page, page),
		 size_text(server->options.align, align),
		 b->shares ? "shared" : "NOT shared", b->shares ? "" : ": ",
		 b->why_not);
}

static int add_mount_options(struct server *server, struct fuse_args *args)
{
	const char *source = server->options.source;
	char *name = NULL, *list = NULL;
	int err = 0;

	/* The name may hold a comma, which in a list must be escaped. */
	if (asprintf(&name, "fsname=%s", source ? source : "msharefs") < 0)
		return -ENOMEM;
	if (fuse_opt_add_opt(&list, "subtype=msharefs,default_permissions") ||
	    fuse_opt_add_opt_escaped(&list, name) ||
	    fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, list))
		err = -ENOMEM;
	free(list);
	free(name);
	return err;
}

static int open_namespace(struct server *server)
{
	struct inode_seed root = {
		/* Others may come in: then each may remove only his own. */
		.mode = S_IFDIR | (server->options.allow_other ? 01777 : 0777),
		.uid = geteuid(),
		.gid = getegid(),
	};

	return namespace_init(&server->ns, &server->backing,
			      server->options.align, &root);
}

static int serve(struct server *server)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int err;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, server->options.clone_fd);
	fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
	fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
	err = fuse_session_loop_mt(server->session, config);
	fuse_loop_cfg_destroy(config);
	/* A positive number is the signal that ended it. */
	return err < 0 ? err : 0;
}

/* Everything that can fail was tried; the mount is there. */
static int become_daemon_and_serve(struct server *server)
{
	char text[2 * PATH_MAX];
	int err;

	describe(server, text, sizeof(text));
	log_msg(LOG_INFO, "%s", text);
	if (!server->options.foreground)
		log_to_syslog();
	if (fuse_daemonize(server->options.foreground))
		return -errno;
	server->began = now_ms();
	host_window_init();
	err = attach_server_start(server->attach);
	if (!err)
		err = owners_start(server->owners, server->options.mountpoint);
	/* In the background, whoever has started us waits for the fork. */
	if (!err && server->options.foreground)
		notify_ready(text);
	if (!err)
		err = serve(server);
	if (server->options.foreground)
		notify_stopping();
	if (err)
		log_msg(LOG_ERR, "serving %s: %s", server->options.mountpoint,
			strerror(-err));
	return err;
}

/* libfuse says what was wrong, but not in numbers; error is a guess. */
static int mount_error(int error)
{
	if (access("/dev/fuse", F_OK))
		return -ENODEV;
	if (geteuid() != 0)
		return -EPERM; /* fusermount3 refused */
	return error ? -error : -EINVAL;
}

static int mount_and_serve(struct server *server, struct fuse_args *args)
{
	int err = -EINVAL; /* libfuse says what was wrong */

	server->session =
		fuse_session_new(args, &server_ops, sizeof(server_ops), server);
	if (!server->session)
		return err;
	if (fuse_set_signal_handlers(server->session))
		goto destroy;
	errno = 0;
	if (fuse_session_mount(server->session, server->options.mountpoint)) {
		err = mount_error(errno);
		goto remove_handlers;
	}
	err = become_daemon_and_serve(server);
	fuse_session_unmount(server->session);
remove_handlers:
	fuse_remove_signal_handlers(server->session);
destroy:
	fuse_session_destroy(server->session);
	return err;
}

static int settle_options(struct server *server, struct fuse_args *args)
{
	char message[OPTIONS_MESSAGE];
	int err = options_settle(&server->options, &server->backing, message);

	if (err) {
		log_msg(LOG_ERR, "%s", message);
		return err;
	}
	server->backing.max_size = server->options.max_size;
	return add_mount_options(server, args);
}

static int run_on_backing(struct server *server, struct fuse_args *args)
{
	int err = settle_options(server, args);

	if (!err)
		err = open_namespace(server);
	if (err)
		return err;
	err = owners_open(&server->owners);
	if (!err)
		err = attach_server_open(&server->attach,
					 server->options.must_guard);
	if (err) {
		log_msg(LOG_ERR, "attach socket: %s", strerror(-err));
	} else {
		err = mount_and_serve(server, args);
	}
	/* It may still be at work on windows. */
	if (server->owners)
		owners_close(server->owners);
	if (server->attach)
		attach_server_close(server->attach);
	namespace_free(&server->ns);
	return err;
}

static int cover_parent(struct cover *cover, const char *mountpoint)
{
	int err = cover_make(cover, mountpoint);

	if (!err)
		log_msg(LOG_NOTICE,
			"%s is covered with a tmpfs that shows the same and "
			"has room for %s; taken away at the end",
			cover->parent, mountpoint);
	return err;
}

static void uncover_parent(struct cover *cover)
{
	const struct cover old = *cover;
	int err = cover_remove(cover);

	if (err)
		log_msg(LOG_ERR, "uncovering %s: %s", old.parent,
			strerror(-err));
}

/* Absolute, as a daemon leaves the directory it was started in. */
static int find_mountpoint(struct options *options, struct cover *cover)
{
	char *path = realpath(options->mountpoint, NULL);
	int err = path ? 0 : -errno;

	if (err == -ENOENT) {
		err = cover_parent(cover, options->mountpoint);
		if (!err)
			path = realpath(options->mountpoint, NULL);
	}
	if (!path) {
		err = err ? err : -errno;
		log_msg(LOG_ERR, "mount point %s: %s", options->mountpoint,
			strerror(-err));
		return err;
	}
	free(options->mountpoint);
	options->mountpoint = path;
	return 0;
}

static int run(struct server *server, struct fuse_args *args)
{
	struct cover cover = {{0}};
	char message[BACKING_MESSAGE];
	int err = find_mountpoint(&server->options, &cover);

	if (err)
		return err;
	err = backing_open(&server->backing, &server->options.backing, message);
	if (err) {
		log_msg(LOG_ERR, "-o %s", message);
	} else {
		err = run_on_backing(server, args);
		backing_close(&server->backing);
	}
	uncover_parent(&cover);
	return err;
}

/* 0, 1 and 2 must be something, or the first socket would become stderr. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd >= 0)
		close(fd);
}

static int exit_status(const struct options *options, int err)
{
	if (!err)
		return 0;
	return options->exit_errno && err > -125 ? -err : 1;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	char message[OPTIONS_MESSAGE];
	struct server server = {0};
	int err, status;

	fill_standard_fds();
	log_open(false);
	libfuse_log_open();
	err = options_parse(&args, &server.options, message);
	if (err) {
		log_msg(LOG_ERR, "%s", message);
	} else if (server.options.help) {
		options_usage(argv[0]);
	} else if (server.options.version) {
		printf("msharefs %s, libfuse %s\n", PACKAGE_VERSION,
		       fuse_pkgversion());
	} else {
		log_open(server.options.debug);
		if (server.options.debug)
			fuse_opt_add_arg(&args, "-odebug");
		/* A file-size limit must be an error, not our end. */
		signal(SIGXFSZ, SIG_IGN);
		raise_descriptor_limit();
		keep_little_memory();
		err = run(&server, &args);
	}
	status = exit_status(&server.options, err);
	options_free(&server.options);
	fuse_opt_free_args(&args);
	return status;
}
