/* SPDX-License-Identifier: MIT */
/*
 * Memory is counted by file, once for all who hold it: by a descriptor, whose
 * blocks are exact, or by nothing but a mapping, where smaps says what is
 * there. A test as an ordinary user sees as much as one as root, because all
 * of these processes are its own.
 */
#include "harness/harness_held.h"
#include "harness/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PIDS 2048
#define MAX_FILES 16384
#define MAX_SOCKETS 512
#define BUCKETS 4096
#define REGION_NAME "/memfd:msharefs (deleted)" /* as the daemon calls them */
#define HUGE_MIN (64 << 10) /* hugetlbfs shows the page size as st_blksize */

struct held_file {
	dev_t dev;
	ino_t ino;
	long kib;
	bool huge;
	bool by_fd;
	int next; /* of its bucket, as an index plus 1 */
};

/* One look: what was seen so far. */
struct look {
	pid_t pids[MAX_PIDS];
	int n_pids;
	struct held_file files[MAX_FILES];
	int n_files;
	int buckets[BUCKETS];
	ino_t listening[MAX_SOCKETS];
	bool ours[MAX_SOCKETS];
	int n_listening;
};

static pid_t tree_root;
static dev_t shmem_dev; /* where memfds without huge pages are */

void held_init(void)
{
	struct stat st;
	int fd = memfd_create("scratch", MFD_CLOEXEC);

	if (fd >= 0 && !fstat(fd, &st))
		shmem_dev = st.st_dev;
	if (fd >= 0)
		close(fd);
	tree_root = getpid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Processes */

static void add_children(struct look *look, pid_t pid, const char *thread)
{
	char path[320];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", pid, thread);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1)
		if (look->n_pids < MAX_PIDS)
			look->pids[look->n_pids++] = child;
	if (file)
		fclose(file);
}

/* A child is listed under the thread that made it. */
static void find_processes(struct look *look)
{
	struct dirent *d;
	char path[64];
	DIR *dir;

	look->pids[0] = tree_root ? tree_root : getpid();
	look->n_pids = 1;
	for (int i = 0; i < look->n_pids; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task", look->pids[i]);
		dir = opendir(path);
		while (dir && (d = readdir(dir)))
			if (d->d_name[0] != '.')
				add_children(look, look->pids[i], d->d_name);
		if (dir)
			closedir(dir);
	}
}

void held_reap(void)
{
	siginfo_t info = {0};

	/* The mount's daemon is for daemon_stop() to wait for. */
	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid && info.si_pid != mount_daemon) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

/* Sockets */

static void find_listening(struct look *look)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512], flags[16];
	unsigned long inode;

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, "@msharefs/") &&
		    look->n_listening < MAX_SOCKETS &&
		    sscanf(line, "%*s %*s %*s %15s %*s %*s %lu", flags,
			   &inode) == 2 &&
		    !strcmp(flags, "00010000"))
			look->listening[look->n_listening++] = inode;
	if (file)
		fclose(file);
}

static void note_socket(struct look *look, ino_t inode)
{
	for (int i = 0; i < look->n_listening; i++)
		if (look->listening[i] == inode)
			look->ours[i] = true;
}

/* Files */

static struct held_file *find_file(struct look *look, dev_t dev, ino_t ino)
{
	struct held_file *file;

	for (int i = look->buckets[ino % BUCKETS]; i; i = file->next) {
		file = &look->files[i - 1];
		if (file->dev == dev && file->ino == ino)
			return file;
	}
	return NULL;
}

static struct held_file *note_file(struct look *look, dev_t dev, ino_t ino)
{
	struct held_file *file = find_file(look, dev, ino);
	int *bucket = &look->buckets[ino % BUCKETS];

	if (file || look->n_files == MAX_FILES)
		return file;
	file = &look->files[look->n_files++];
	*file = (struct held_file){.dev = dev, .ino = ino, .next = *bucket};
	*bucket = look->n_files;
	return file;
}

static bool is_region(int dir, const char *fd)
{
	char target[64];
	ssize_t n = readlinkat(dir, fd, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = 0;
	return !strcmp(target, REGION_NAME);
}

static void note_fd(struct look *look, int dir, const char *fd)
{
	struct held_file *file;
	struct stat st;
	bool huge;

	if (fstatat(dir, fd, &st, 0))
		return;
	if (S_ISSOCK(st.st_mode))
		note_socket(look, st.st_ino);
	huge = st.st_blksize >= HUGE_MIN;
	if (!S_ISREG(st.st_mode) ||
	    (!huge && (st.st_dev != shmem_dev || !is_region(dir, fd))))
		return;
	file = note_file(look, st.st_dev, st.st_ino);
	if (!file)
		return;
	file->kib = st.st_blocks / 2;
	file->huge = huge;
	file->by_fd = true;
}

static void find_descriptors(struct look *look, pid_t pid)
{
	struct dirent *d;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			note_fd(look, dirfd(dir), d->d_name);
	if (dir)
		closedir(dir);
}

/* Mappings whose file nobody has open */

/* "ADDRESSES PERMISSIONS OFFSET MAJOR:MINOR INODE PATH": a line of a mapping */
static bool parse_mapping(const char *line, dev_t *dev, ino_t *ino)
{
	unsigned int major, minor;
	unsigned long inode;

	if (sscanf(line, "%*x-%*x %*s %*x %x:%x %lu", &major, &minor, &inode) !=
	    3)
		return false;
	*dev = makedev(major, minor);
	*ino = inode;
	return true;
}

/* smaps walks page tables: it is read only if maps gives reason to. */
static bool has_unseen_mapping(struct look *look, pid_t pid)
{
	struct held_file *file;
	bool unseen = false;
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *maps;
	dev_t dev;
	ino_t ino;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && !unseen && getline(&line, &size, maps) > 0) {
		if (!strstr(line, "(deleted)") || strstr(line, "/dev/zero") ||
		    !parse_mapping(line, &dev, &ino))
			continue;
		file = find_file(look, dev, ino);
		unseen = !file || !file->by_fd;
	}
	free(line);
	if (maps)
		fclose(maps);
	return unseen;
}

/* Several processes may map the same file: the largest mapping counts. */
static void note_mapped(struct look *look, const struct held_file *mapped)
{
	struct held_file *file = note_file(look, mapped->dev, mapped->ino);

	if (!file || file->by_fd || file->kib >= mapped->kib)
		return;
	file->kib = mapped->kib;
	file->huge = mapped->huge;
}

/* A line of smaps about the mapping that the last line of a mapping began. */
static void add_line(const char *line, bool region, struct held_file *mapped)
{
	long kib;

	/* Some kernels call pages in shared tables private. */
	if (sscanf(line, "Shared_Hugetlb: %ld", &kib) == 1 ||
	    sscanf(line, "Private_Hugetlb: %ld", &kib) == 1) {
		mapped->huge = kib || mapped->huge;
		mapped->kib += kib;
	} else if (region && sscanf(line, "Rss: %ld", &kib) == 1) {
		mapped->kib = kib;
	}
}

static void find_mapped(struct look *look, pid_t pid)
{
	struct held_file mapped = {0};
	char path[64], *line = NULL;
	bool region = false;
	size_t size = 0;
	FILE *smaps;

	if (!has_unseen_mapping(look, pid))
		return;
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	smaps = fopen(path, "re");
	while (smaps && getline(&line, &size, smaps) > 0) {
		if (parse_mapping(line, &mapped.dev, &mapped.ino)) {
			mapped.kib = 0;
			mapped.huge = false;
			region = strstr(line, REGION_NAME);
			continue;
		}
		add_line(line, region, &mapped);
		if (mapped.kib)
			note_mapped(look, &mapped);
	}
	free(line);
	if (smaps)
		fclose(smaps);
}

/* Mounts */

static int count_mounts(void)
{
	const char *prefix = test_prefix();
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int n = 0;

	while (mounts && (m = getmntent(mounts)))
		/* The type is msharefs under the preload. */
		n += (!strcmp(m->mnt_type, "msharefs") ||
		      !strcmp(m->mnt_type, "fuse.msharefs")) &&
		     !strncmp(m->mnt_dir, prefix, strlen(prefix));
	if (mounts)
		endmntent(mounts);
	return n;
}

struct held held_now(void)
{
	static struct look look;
	struct held held = {.mounts = count_mounts()};

	look.n_files = look.n_listening = 0;
	memset(look.ours, 0, sizeof(look.ours));
	memset(look.buckets, 0, sizeof(look.buckets));
	find_listening(&look);
	find_processes(&look);
	for (int i = 0; i < look.n_pids; i++)
		find_descriptors(&look, look.pids[i]);
	for (int i = 0; i < look.n_pids; i++)
		find_mapped(&look, look.pids[i]);
	for (int i = 0; i < look.n_files; i++)
		*(look.files[i].huge ? &held.huge_kib : &held.small_kib) +=
			look.files[i].kib;
	for (int i = 0; i < look.n_listening; i++)
		held.sockets += look.ours[i];
	held.processes = look.n_pids - 1;
	return held;
}

long huge_pages_held(void)
{
	return held_now().huge_kib / meminfo("Hugepagesize");
}

long memory_held(void)
{
	struct held held = held_now();

	return held.huge_kib + held.small_kib;
}
