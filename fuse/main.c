/* SPDX-License-Identifier: MIT */
/* msharefs(8): starts, serves and ends. */
#include "ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/log.h"
#include "base/size.h"
#include "end_signals.h"
#include "mountpoint.h"
#include "ops/libfuse_log.h"
#include "region/host_window.h"
#include "service_notify.h"

/*
 * CREATE_MAPPING can take seconds, during which other requests must find a
 * thread. If few idle threads may stay, libfuse ends and creates threads all
 * the time.
 */
#define MAX_THREADS 64
#define IDLE_THREADS 16

/*
 * How many threads may be at work that takes long, all in all and for one user;
 * the others are free for what takes moments. Neither root nor the daemon's own
 * user has a limit of his own.
 */
#define LONG_THREADS 48
#define LONG_THREADS_USER 8

/* A window takes two descriptors of the daemon, a region two more. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_msg(LOG_WARNING,
			"raising the limit of file descriptors: %s",
			strerror(errno));
}

/*
 * Makes malloc() give memory back to the system after many windows are gone. By
 * default it keeps twice the largest block it has ever given back: megabytes,
 * as each thread of libfuse has a buffer of 1 MiB. And one thread frees what
 * another has allocated: with a heap for each thread, every heap would grow to
 * the size of all regions.
 */
static void keep_little_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	mallopt(M_ARENA_MAX, 1);
}

/* Describes the mount in one line. */
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

	/* The name may hold a comma, which must be escaped. */
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
		/* With other users, sticky: each may remove only his own. */
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
	/* A positive number is the signal that ended the loop. */
	return err < 0 ? err : 0;
}

/* Most of what can fail has been done by now: the mount is there. */
static int become_daemon_and_serve(struct server *server)
{
	char text[2 * PATH_MAX];
	int err;

	describe(server, text, sizeof(text));
	if (!server->options.foreground) {
		log_msg(LOG_INFO, "%s", text);
		log_to_syslog();
	}
	if (fuse_daemonize(server->options.foreground))
		return -errno;
	server->began = now_ms();
	/* First, so that it is a copy of little. */
	err = closer_start();
	turns_init(&server->turns, LONG_THREADS, LONG_THREADS_USER);
	host_window_init();
	if (!err)
		err = attach_server_start(server->attach);
	if (!err)
		err = owners_start(server->owners, server->options.mountpoint);
	/* In the background, the parent's exit says that it is ready. */
	if (!err && server->options.foreground) {
		log_msg(LOG_INFO, "%s", text);
		notify_ready(text);
	}
	if (!err)
		err = serve(server);
	if (server->options.foreground)
		notify_stopping();
	if (err)
		log_msg(LOG_ERR, "serving %s: %s", server->options.mountpoint,
			strerror(-err));
	return err;
}

/* libfuse has logged the cause but returns no errno value: guess one. */
static int mount_error(int error)
{
	if (access("/dev/fuse", F_OK))
		return -ENODEV;
	if (geteuid() != 0)
		return -EPERM; /* fusermount3 has refused */
	return error ? -error : -EINVAL;
}

static int mount_and_serve(struct server *server, struct fuse_args *args)
{
	int err = -EINVAL; /* libfuse has logged the cause */

	server->session =
		fuse_session_new(args, &server_ops, sizeof(server_ops), server);
	if (!server->session)
		return err;
	/* For SIGPIPE; the others are ours. */
	if (fuse_set_signal_handlers(server->session))
		goto destroy;
	err = end_signals_install(server->session);
	if (err)
		goto remove_handlers;
	errno = 0;
	if (fuse_session_mount(server->session, server->options.mountpoint)) {
		err = mount_error(errno);
		goto remove_handlers;
	}
	err = become_daemon_and_serve(server);
	end_signals_done();
	fuse_session_unmount(server->session);
	end_signals_default();
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
	quota_init(server->options.quotas);
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
		log_msg(LOG_ERR,
			"setting up the attach socket and the watch on owners: "
			"%s",
			strerror(-err));
	} else {
		err = mount_and_serve(server, args);
	}
	/* Before the attach server: its thread may still change windows. */
	if (server->owners)
		owners_close(server->owners);
	if (server->attach)
		attach_server_close(server->attach);
	namespace_free(&server->ns);
	return err;
}

static int run(struct server *server, struct fuse_args *args)
{
	struct sysfs_overlay cover = {.parent = ""};
	char message[BACKING_MESSAGE];
	int err = mountpoint_find(&server->options, &cover);

	if (err)
		return err;
	err = backing_open(&server->backing, &server->options.backing, message);
	if (err) {
		log_msg(LOG_ERR, "-o %s", message);
	} else {
		err = run_on_backing(server, args);
		backing_close(&server->backing);
	}
	mountpoint_uncover(&cover);
	return err;
}

/* Opens 0, 1 and 2 if they are closed, or a socket would become stderr. */
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
		/* Writing beyond a file-size limit must fail, not kill. */
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
