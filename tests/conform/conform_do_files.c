/* SPDX-License-Identifier: MIT */
/* Words about names and files: what any filesystem can be asked. */
#include "conform/conform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* For rows of names longer than is sensible to write out: "long", "longest" */
static const char *name_of(const char *arg)
{
	static char longer[NAME_MAX + 2];

	if (strcmp(arg, "too-long") && strcmp(arg, "longest"))
		return arg;
	memset(longer, 'n', sizeof(longer));
	longer[strcmp(arg, "longest") ? NAME_MAX + 1 : NAME_MAX] = 0;
	return longer;
}

/* open NAME [rw|ro|wo|path|dir] [creat] [excl] [trunc] [mode=N] */
static const char *do_open(char **args)
{
	int flags = O_RDWR, fd;

	if (has(args, "ro"))
		flags = O_RDONLY;
	else if (has(args, "wo"))
		flags = O_WRONLY;
	else if (has(args, "path"))
		flags = O_PATH;
	else if (has(args, "dir"))
		flags = O_RDONLY | O_DIRECTORY;
	flags |= has(args, "creat") ? O_CREAT : 0;
	flags |= has(args, "excl") ? O_EXCL : 0;
	flags |= has(args, "trunc") ? O_TRUNC : 0;
	fd = open(name_of(args[0]), flags,
		  (mode_t)number_option(args, "mode", 0600));
	if (fd >= 0)
		me.fd = fd;
	return answer_of(fd);
}

static const char *do_close(char **args)
{
	int fd = me.fd;

	(void)args;
	me.fd = -1;
	return answer_of(close(fd));
}

/* The present file under a number, to come back to */
static const char *do_save(char **args)
{
	me.saved[number(args[0]) % 16] = me.fd;
	return "ok";
}

static const char *do_use(char **args)
{
	me.fd = me.saved[number(args[0]) % 16];
	return "ok";
}

static const char *do_mkdir(char **args)
{
	return answer_of(mkdir(name_of(args[0]), 0700));
}

static const char *do_rmdir(char **args)
{
	return answer_of(rmdir(args[0]));
}

static const char *do_unlink(char **args)
{
	return answer_of(unlink(args[0]));
}

static const char *do_link(char **args)
{
	return answer_of(link(args[0], args[1]));
}

static const char *do_symlink(char **args)
{
	return answer_of(symlink("target", args[0]));
}

/* rename FROM TO [noreplace|exchange] */
static const char *do_rename(char **args)
{
	unsigned int flags = has(args, "noreplace")  ? RENAME_NOREPLACE
			     : has(args, "exchange") ? RENAME_EXCHANGE
						     : 0;

	return answer_of(renameat2(AT_FDCWD, args[0], AT_FDCWD,
				   name_of(args[1]), flags));
}

/* mknod NAME reg|fifo|chr|blk */
static const char *do_mknod(char **args)
{
	mode_t type = has(args, "fifo")	 ? S_IFIFO
		      : has(args, "chr") ? S_IFCHR
		      : has(args, "blk") ? S_IFBLK
					 : S_IFREG;

	return answer_of(mknod(args[0], type | 0600, 0x103));
}

static const char *do_socket(char **args)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", args[0]);
	return answer_of(bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
}

static const char *do_chmod(char **args)
{
	return answer_of(chmod(args[0], (mode_t)number(args[1])));
}

/* chown NAME uid=N|gid=N; "own" is the caller's */
static const char *do_chown(char **args)
{
	const char *uid = option(args, "uid"), *gid = option(args, "gid");

	return answer_of(chown(args[0],
			       !uid		     ? (uid_t)-1
			       : !strcmp(uid, "own") ? geteuid()
						     : (uid_t)number(uid),
			       !gid		     ? (gid_t)-1
			       : !strcmp(gid, "own") ? getegid()
						     : (gid_t)number(gid)));
}

/* utime NAME SECONDS */
static const char *do_utime(char **args)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)number(args[1])},
					  {.tv_sec = (time_t)number(args[1])}};

	return answer_of(utimensat(AT_FDCWD, args[0], times, 0));
}

static const char *do_truncate(char **args)
{
	return answer_of(truncate(args[0], (off_t)number(args[1])));
}

/* What stat tells: mode, nlink, mtime, size, uid (own or other) */
static const char *do_stat(char **args)
{
	struct stat st;

	if (stat(args[0], &st))
		return answer_of(-1);
	if (!strcmp(args[1], "mode"))
		return answer("%#o", st.st_mode);
	if (!strcmp(args[1], "nlink"))
		return answer("%lu", (unsigned long)st.st_nlink);
	if (!strcmp(args[1], "mtime"))
		return answer("%ld", (long)st.st_mtim.tv_sec);
	if (!strcmp(args[1], "uid"))
		return st.st_uid == geteuid() ? "own" : "other";
	return answer("%lu", (unsigned long)st.st_size);
}

/* same-file NAME NAME: two names of one file */
static const char *do_same_file(char **args)
{
	struct stat a, b;

	if (stat(args[0], &a) || stat(args[1], &b))
		return answer_of(-1);
	return a.st_ino == b.st_ino && a.st_dev == b.st_dev ? "yes" : "no";
}

/* listed DIR NAME: readdir() shows it, and once */
static const char *do_listed(char **args)
{
	DIR *dir = opendir(args[0]);
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return answer_of(-1);
	while ((entry = readdir(dir)))
		n += !strcmp(entry->d_name, args[1]);
	closedir(dir);
	return n == 1 ? "yes" : n ? "twice" : "no";
}

/* read(), write() of the present file itself; at=N: pread(), pwrite() */
static const char *do_read_file(char **args)
{
	const char *at = option(args, "at");
	char byte;

	return answer_of(at ? pread(me.fd, &byte, 1, (off_t)number(at))
			    : read(me.fd, &byte, 1));
}

static const char *do_write_file(char **args)
{
	const char *at = option(args, "at");

	return answer_of(at ? pwrite(me.fd, "x", 1, (off_t)number(at))
			    : write(me.fd, "x", 1));
}

/* One decimal number and a newline, nothing else */
static const char *do_info_text(char **args)
{
	char text[64] = "", same[64];
	int fd = open("../mshare_info", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)args;
	close(fd);
	if (n < 0)
		return answer_of(-1);
	snprintf(same, sizeof(same), "%llu\n", strtoull(text, NULL, 10));
	return strtoull(text, NULL, 10) && !strcmp(text, same)
		       ? "a number"
		       : answer("\"%s\"", text);
}

static const char *do_fs_type(char **args)
{
	struct statfs fs;

	(void)args;
	return statfs(".", &fs) ? answer_of(-1)
				: answer("%#lx", (unsigned long)fs.f_type);
}

/* From here on, even root is held to what mode bits allow. */
static const char *do_unprivileged(char **args)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = {0};

	(void)args;
	return answer_of(syscall(SYS_capset, &header, none));
}

const struct word file_words[] = {
	{"open", do_open, 1},
	{"close", do_close, 0},
	{"save", do_save, 1},
	{"use", do_use, 1},
	{"mkdir", do_mkdir, 1},
	{"rmdir", do_rmdir, 1},
	{"unlink", do_unlink, 1},
	{"link", do_link, 2},
	{"symlink", do_symlink, 1},
	{"rename", do_rename, 2},
	{"mknod", do_mknod, 2},
	{"socket", do_socket, 1},
	{"chmod", do_chmod, 2},
	{"chown", do_chown, 2},
	{"utime", do_utime, 2},
	{"truncate", do_truncate, 2},
	{"stat", do_stat, 2},
	{"same-file", do_same_file, 2},
	{"listed", do_listed, 2},
	{"read-file", do_read_file, 0},
	{"write-file", do_write_file, 0},
	{"info-text", do_info_text, 0},
	{"fs-type", do_fs_type, 0},
	{"unprivileged", do_unprivileged, 0},
	{0},
};
