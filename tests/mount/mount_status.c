/* SPDX-License-Identifier: MIT */
/* Tests what the daemon reports about itself, its regions and their windows. */
#include "harness/calls.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define RW (PROT_READ | PROT_WRITE)

static uint64_t align, page;

static struct mshare_status_mount of_mount(void)
{
	struct mshare_status_mount m = {.version = MSHARE_STATUS_VERSION};
	int fd = open(in_mount("mshare_info"), O_RDONLY);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_MOUNT, &m));
	close(fd);
	return m;
}

static struct mshare_status_region of_region(int fd)
{
	struct mshare_status_region r = {.version = MSHARE_STATUS_VERSION};

	CU_ASSERT(!ioctl(fd, MSHARE_IOC_REGION, &r));
	return r;
}

static struct mshare_status_maps maps_from(int fd, uint64_t from)
{
	struct mshare_status_maps m = {.version = MSHARE_STATUS_VERSION,
				       .from = from};

	CU_ASSERT(!ioctl(fd, MSHARE_IOC_MAPS, &m));
	return m;
}

static struct mshare_status_windows windows_after(int fd, uint64_t after)
{
	struct mshare_status_windows w = {.version = MSHARE_STATUS_VERSION,
					  .after = after};

	CU_ASSERT(!ioctl(fd, MSHARE_IOC_WINDOWS, &w));
	return w;
}

/* munmap() does not wait until the daemon has noticed. */
static bool windows_are(void *arg)
{
	return of_mount().windows == *(uint64_t *)arg;
}

static void mount(void)
{
	const char *wanted = getenv("MSHARE_TEST_BACKING");
	struct mshare_status_mount m = of_mount();

	CU_ASSERT(m.align == align && m.page == page && m.flags <= 8);
	CU_ASSERT(!(m.flags & MSHARE_MOUNT_SHARES) == !mount_shares());
	CU_ASSERT(m.unit == (mount_shares() ? 1 << 30 : 0));
	CU_ASSERT(m.max_size == UINT64_MAX && m.pool_free <= m.pool_total);
	CU_ASSERT(m.limit <= MSHARE_LIMIT_CGROUP && !m.reserved);
	CU_ASSERT(m.pool_free >= 1000 * page);
	CU_ASSERT(m.pid == (uint32_t)mount_daemon && m.uid == geteuid());
	CU_ASSERT(m.fds > 5 && m.fds + 2 >= (uint32_t)daemon_fds());
	CU_ASSERT(m.fds < m.fd_limit && m.uptime > 0);
	CU_ASSERT(!strcmp(m.release, PACKAGE_VERSION));
	CU_ASSERT(!wanted || !strncmp(m.backing, wanted, 5));
}

static void sums(void)
{
	struct mshare_status_mount before = of_mount(), now;
	int a = region_create("a", align), b = region_create("b", 0);
	char *at;

	CU_ASSERT_FATAL(a >= 0 && b >= 0);
	CU_ASSERT(!region_add(a, 0, 3 * page));
	at = region_window(a, align);
	now = of_mount();
	CU_ASSERT(now.regions == before.regions + 2);
	CU_ASSERT(now.windows == before.windows + 1);
	CU_ASSERT(now.attached == before.attached + 1);
	CU_ASSERT(now.mapped == before.mapped + 3 * page);
	CU_ASSERT(now.present == before.present + 3 * page);
	CU_ASSERT(now.changes == before.changes + 1);
	CU_ASSERT(!region_unmap_range(a, 0, align) && !munmap(at, align));
	close(a);
	close(b);
	CU_ASSERT(!unlink(in_mount("a")) && !unlink(in_mount("b")));
	CU_ASSERT(wait_until(windows_are, &before.windows));
	now = of_mount();
	CU_ASSERT(now.regions == before.regions && now.mapped == before.mapped);
	CU_ASSERT(now.present == before.present);
	CU_ASSERT(now.changes == before.changes + 2);
}

static void region(void)
{
	int fd = region_create("f", 0);
	struct mshare_status_region r = of_region(fd);
	char *at;

	CU_ASSERT(r.size == 0 && r.windows == 0 && r.flags == 0);
	CU_ASSERT(!ftruncate(fd, (off_t)align));
	CU_ASSERT(!region_add(fd, page, 2 * page));
	CU_ASSERT(!region_add_like(fd, 8 * page, 4 * page, RW, MAP_NORESERVE));
	at = region_window(fd, align);
	r = of_region(fd);
	CU_ASSERT(r.start == 0 && r.size == align && r.mapped == 6 * page);
	CU_ASSERT(r.promised == 2 * page && r.present == 2 * page);
	CU_ASSERT(r.windows == 1 && r.sharing == mount_shares());
	CU_ASSERT(r.owner == 0 && r.changes == 2);
	at[9 * page] = 1;
	CU_ASSERT(of_region(fd).present == 3 * page);
	CU_ASSERT(of_region(fd).promised == 2 * page);
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void maps(void)
{
	int fd = region_create("f", align);
	struct mshare_status_maps m = maps_from(fd, 0);
	char *at;

	CU_ASSERT(m.n == 0);
	CU_ASSERT(!region_add_like(fd, page, page + 4096, PROT_READ, 0));
	CU_ASSERT(!region_add_like(fd, 8 * page, 4 * page, RW, MAP_NORESERVE));
	CU_ASSERT(!region_add_like(fd, 20 * page, page, PROT_NONE, 0));
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
	at[9 * page] = at[11 * page] = 1;
	m = maps_from(fd, 0);
	CU_ASSERT_FATAL(m.n == 3);
	CU_ASSERT(m.mapping[0].start == page);
	CU_ASSERT(m.mapping[0].end == 2 * page + 4096);
	CU_ASSERT(m.mapping[0].prot == PROT_READ && !m.mapping[0].flags);
	CU_ASSERT(m.mapping[0].present == 2 * page);
	CU_ASSERT(m.mapping[1].start == 8 * page && m.mapping[1].prot == RW);
	CU_ASSERT(m.mapping[1].flags == MSHARE_MAPPING_LAZY);
	CU_ASSERT(m.mapping[1].present == 2 * page);
	CU_ASSERT(m.mapping[2].prot == PROT_NONE && !m.mapping[2].present);
	m = maps_from(fd, 12 * page);
	CU_ASSERT(m.n == 1 && m.mapping[0].start == 20 * page);
	m = maps_from(fd, 10 * page); /* begins in the middle of a mapping */
	CU_ASSERT(m.n == 2 && m.mapping[0].start == 8 * page);
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/* More mappings than fit into one reply */
static void many_maps(void)
{
	int fd = region_create("f", align);
	struct mshare_status_maps m = {.n = MSHARE_STATUS_MAPPINGS};
	uint64_t n = 0;

	for (uint64_t i = 0; i < 150; i++)
		CU_ASSERT(
			!region_add_like(fd, 3 * i * 4096, 4096, PROT_NONE, 0));
	for (uint64_t from = 0; m.n == MSHARE_STATUS_MAPPINGS;) {
		m = maps_from(fd, from);
		for (uint32_t i = 0; i < m.n; i++)
			CU_ASSERT(m.mapping[i].start == 3 * n++ * 4096);
		from = m.n ? m.mapping[m.n - 1].end : from;
	}
	CU_ASSERT(n == 150);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void windows(void)
{
	int fd = region_create("f", align), ro;
	struct mshare_status_windows w;
	char *at, *reader;

	CU_ASSERT(!region_add(fd, 0, page));
	ro = open(in_mount("f"), O_RDONLY);
	at = region_window(fd, align);
	reader = mmap(NULL, align, PROT_READ, MAP_SHARED, ro, 0);
	w = windows_after(ro, 0);
	CU_ASSERT_FATAL(w.n == 2);
	CU_ASSERT(w.window[0].addr == (uintptr_t)at);
	CU_ASSERT(w.window[0].pid == (uint32_t)getpid());
	CU_ASSERT(w.window[0].prot == RW && w.window[0].units == 1);
	CU_ASSERT(w.window[0].flags ==
		  (MSHARE_WINDOW_GUARDED | MSHARE_WINDOW_REACHED));
	CU_ASSERT(w.window[0].why ==
		  (mount_shares() ? MSHARE_SHARES : MSHARE_NOT_BACKING));
	CU_ASSERT(w.window[0].own_units == !mount_shares());
	CU_ASSERT(w.window[1].addr == (uintptr_t)reader);
	CU_ASSERT(w.window[1].prot == PROT_READ);
	CU_ASSERT(w.window[1].why == MSHARE_NOT_READ_ONLY_FILE);
	CU_ASSERT(w.window[1].id > w.window[0].id);
	CU_ASSERT(windows_after(fd, w.window[0].id).n == 1);
	CU_ASSERT(windows_after(fd, w.window[1].id).n == 0);
	CU_ASSERT(!munmap(reader, align) && !munmap(at, align));
	close(ro);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/*
 * A lazy mapping with more pages than are looked at, the last of them touched:
 * all that the file holds is there, as there is nothing else.
 */
static void large_lazy(void)
{
	const uint64_t size = 4ULL << 40, unit = mount_page();
	struct mshare_status_maps m = {.version = MSHARE_STATUS_VERSION};
	struct mshare_change last = {.offset = size - unit,
				     .size = unit,
				     .what = MADV_POPULATE_WRITE};
	int fd = region_create("f", size);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(!region_add(fd, 0, unit));
	CU_ASSERT(!region_add_like(fd, unit, size - unit, RW, MAP_NORESERVE));
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_MAPS, &m) && m.n == 2);
	/* Nothing was touched: there is nothing to look for. */
	CU_ASSERT(m.mapping[1].present == 0);
	CU_ASSERT(m.mapping[1].flags == MSHARE_MAPPING_LAZY);
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_ADVISE, &last));
	m.from = 0;
	CU_ASSERT(!ioctl(fd, MSHARE_IOC_MAPS, &m) && m.n == 2);
	CU_ASSERT(m.mapping[0].present == unit && !m.mapping[0].flags);
	CU_ASSERT(m.mapping[1].present == unit);
	/* Files of ordinary memory know where their pages are. */
	if (unit > 4096)
		CU_ASSERT(m.mapping[1].flags ==
			  (MSHARE_MAPPING_LAZY | MSHARE_MAPPING_AT_MOST));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

/*
 * A window has its own tables from the first protection on, but a window made
 * after the protection was removed does not.
 */
static void protected(void)
{
	uint64_t size = 3 * align;
	int fd = region_create("f", size);
	struct mshare_status_windows w;
	char *old, *new;

	old = region_window(fd, size);
	CU_ASSERT(!region_add_like(fd, align, page, PROT_READ, 0));
	w = windows_after(fd, 0);
	CU_ASSERT_FATAL(w.n == 1 && w.window[0].units == 3);
	if (mount_shares()) {
		CU_ASSERT(w.window[0].why == MSHARE_NOT_PROTECTED);
		CU_ASSERT(w.window[0].own_units == 1);
		CU_ASSERT(of_region(fd).sharing == 1);
	}
	CU_ASSERT(!region_add(fd, align, page));
	new = region_window(fd, size);
	w = windows_after(fd, 0);
	CU_ASSERT_FATAL(w.n == 2);
	CU_ASSERT(w.window[0].own_units == (mount_shares() ? 1 : 3));
	CU_ASSERT(w.window[1].own_units == (mount_shares() ? 0 : 3));
	CU_ASSERT(!munmap(old, size) && !munmap(new, size));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

#define CHILDREN 150

static int many_fd;

/* Of this region alone: windows of the tests before may still be going. */
static bool many_windows_are(void *arg)
{
	return of_region(many_fd).windows == *(uint32_t *)arg;
}

/* More windows than fit into one reply, those of children included */
static void many_windows(void)
{
	int fd = region_create("f", align), held[2], status;
	struct mshare_status_windows w = {.n = MSHARE_STATUS_WINDOWS};
	pid_t children[CHILDREN];
	int seen[CHILDREN] = {0}, n = 0;
	uint64_t last = 0;
	uint32_t all = CHILDREN + 1, none = 0;
	char *at, nothing;

	many_fd = fd;
	CU_ASSERT(!pipe(held));
	at = region_window(fd, align);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (!children[i]) {
			close(held[1]);
			_exit((int)read(held[0], &nothing, 1));
		}
	}
	CU_ASSERT(wait_until(many_windows_are, &all));
	while (w.n == MSHARE_STATUS_WINDOWS) {
		w = windows_after(fd, last);
		for (uint32_t i = 0; i < w.n; i++) {
			CU_ASSERT(w.window[i].id > last);
			last = w.window[i].id;
			for (int c = 0; c < CHILDREN; c++)
				seen[c] += w.window[i].pid ==
					   (uint32_t)children[c];
			n++;
		}
	}
	CU_ASSERT(n == CHILDREN + 1);
	close(held[1]);
	for (int i = 0; i < CHILDREN; i++) {
		CU_ASSERT(seen[i] == 1);
		CU_ASSERT(waitpid(children[i], &status, 0) == children[i]);
	}
	close(held[0]);
	CU_ASSERT(!munmap(at, align));
	CU_ASSERT(wait_until(many_windows_are, &none));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void wrong(void)
{
	struct mshare_status_mount m = {.version = MSHARE_STATUS_VERSION + 1};
	struct mshare_status_region r = {.version = 0};
	int fd = region_create("f", align);
	int info = open(in_mount("mshare_info"), O_RDONLY);
	int dir = open(in_mount("."), O_RDONLY | O_DIRECTORY);

	CU_ASSERT(fails(ioctl(info, MSHARE_IOC_MOUNT, &m), EINVAL));
	CU_ASSERT(fails(ioctl(fd, MSHARE_IOC_REGION, &r), EINVAL));
	m.version = r.version = MSHARE_STATUS_VERSION;
	CU_ASSERT(fails(ioctl(fd, MSHARE_IOC_MOUNT, &m), ENOTTY));
	CU_ASSERT(fails(ioctl(info, MSHARE_IOC_REGION, &r), ENOTTY));
	CU_ASSERT(fails(ioctl(dir, MSHARE_IOC_MOUNT, &m), ENOTTY));
	CU_ASSERT(fails(ioctl(fd, MSHARE_IOC_REGION, 8), EFAULT));
	close(dir);
	close(info);
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static const struct test tests[] = {
	{"mount", mount},
	{"sums", sums},
	{"region", region},
	{"maps", maps},
	{"many maps", many_maps},
	{"windows", windows},
	{"large and lazy", large_lazy},
	{"protected", protected},
	{"many windows", many_windows},
	{"wrong arguments", wrong},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_status", NULL, tests, N_TESTS(tests));
}
