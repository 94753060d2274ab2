/* SPDX-License-Identifier: MIT */
#define MSHAREFS_API_V1
#include <linux/msharefs.h>

#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const unsigned long v1_get_size_request = MSHAREFS_GET_SIZE;
const unsigned long v1_set_size_request = MSHAREFS_SET_SIZE;
const unsigned long v1_create_request = MSHAREFS_CREATE_MAPPING;
const unsigned long v1_unmap_request = MSHAREFS_UNMAP;

static char main_dir[PATH_MAX]; /* while there is an other mount */
static pid_t main_daemon;

bool fails(long ret, int err)
{
	if (ret == -1 && errno == err)
		return true;
	if (ret == -1)
		printf("%s instead of %s\n", strerrorname_np(errno),
		       strerrorname_np(err));
	else
		printf("%#lx instead of %s\n", ret, strerrorname_np(err));
	return false;
}

int v1_set_size(int fd, uint64_t start, uint64_t size)
{
	struct mshare_info info = {.start = start, .size = size};

	return ioctl(fd, MSHAREFS_SET_SIZE, &info);
}

int v1_get_size(int fd, uint64_t *start, uint64_t *size)
{
	struct mshare_info info = {.start = ~0ULL, .size = ~0ULL};
	int ret = ioctl(fd, MSHAREFS_GET_SIZE, &info);

	*start = info.start;
	*size = info.size;
	return ret;
}

int v1_add(int fd, uint64_t addr, uint64_t size)
{
	struct mshare_create create = {
		.addr = addr,
		.size = size,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = (__u32)-1,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &create);
}

int v1_unmap(int fd, uint64_t addr, uint64_t size)
{
	struct mshare_unmap unmap = {.addr = addr, .size = size};

	return ioctl(fd, MSHAREFS_UNMAP, &unmap);
}

int v1_create(const char *name, uint64_t start, uint64_t size)
{
	int fd = region_create(name, 0);

	if (fd >= 0 && v1_set_size(fd, start, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

uint64_t region_mapped(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? UINT64_MAX : (uint64_t)st.st_blocks * 512;
}

struct task {
	void (*run)(void *arg);
	void *arg;
};

static void drop_and_run(void *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = {0};
	struct task *task = arg;

	CHILD_ASSERT(!syscall(SYS_capset, &header, none));
	task->run(task->arg);
}

int without_privilege(void (*run)(void *arg), void *arg)
{
	struct task task = {run, arg};

	return in_child(drop_and_run, &task);
}

bool other_mount_start(const char *options)
{
	strcpy(main_dir, mount_dir);
	main_daemon = mount_daemon;
	if (new_dir(mount_dir, "other")) {
		mount_daemon = daemon_start(mount_dir, options);
		if (mount_daemon > 0)
			return true;
		mount_daemon = main_daemon;
		rmdir(mount_dir);
	}
	strcpy(mount_dir, main_dir);
	return false;
}

void other_mount_end(void)
{
	CU_ASSERT(!daemon_stop(mount_dir, mount_daemon));
	mount_daemon = main_daemon;
	CU_ASSERT(!rmdir(mount_dir));
	strcpy(mount_dir, main_dir);
}

int let_users_allow_other(void)
{
	char path[] = "/tmp/msharefs-conf-XXXXXX";
	const char *conf = "/etc/fuse.conf";
	int file = mkostemp(path, O_CLOEXEC), err;

	if (file < 0 || dprintf(file, "user_allow_other\n") < 0 ||
	    fchmod(file, 0644)) {
		perror(path);
		return -1;
	}
	err = unshare(CLONE_NEWNS) ||
	      mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	      mount(path, conf, NULL, MS_BIND, NULL);
	if (err)
		perror(conf);
	unlink(path);
	close(file);
	return err ? -1 : 0;
}
