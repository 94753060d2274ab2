/* SPDX-License-Identifier: MIT */
#include "lib/lib_common.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>

bool mount_is_empty(void)
{
	DIR *dir = opendir(mount_dir);
	struct dirent *d;
	int others = 0;

	while (dir && (d = readdir(dir)))
		others += strcmp(d->d_name, ".") && strcmp(d->d_name, "..") &&
			  strcmp(d->d_name, "mshare_info");
	if (dir)
		closedir(dir);
	return dir && !others;
}

static unsigned int offset_of(int i)
{
	return (unsigned int)(offsetof(struct seccomp_data, args) +
			      (i < 0 ? 0 : (size_t)i) * sizeof(uint64_t));
}

void refuse_call(unsigned int nr, int i, uint64_t a, int j, uint32_t b, int err)
{
	const uint32_t low = (uint32_t)a, high = (uint32_t)(a >> 32);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset_of(i)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, i < 0 ? 0 : 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset_of(i) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, i < 0 ? 0 : 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset_of(j)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, b, 0, j < 0 ? 0 : 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (unsigned int)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {N_TESTS(code), code};

	CHILD_ASSERT(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHILD_ASSERT(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHILD_ASSERT(fd >= 0);
	CHILD_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

bool own_namespace(int flags)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare(flags)) {
		if (unshare(flags | CLONE_NEWUSER))
			return false;
		write_text("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "%u %u 1", uid, uid);
		write_text("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "%u %u 1", gid, gid);
		write_text("/proc/self/gid_map", map);
	}
	return !(flags & CLONE_NEWNS) ||
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}
