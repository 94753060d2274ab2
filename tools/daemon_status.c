/* SPDX-License-Identifier: MIT */
#include "daemon_status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int status_mount(int fd, struct mshare_status_mount *mount)
{
	*mount = (struct mshare_status_mount){
		.version = MSHARE_STATUS_VERSION,
	};
	return ioctl(fd, MSHARE_IOC_MOUNT, mount) ? -errno : 0;
}

int status_region(int fd, struct mshare_status_region *region)
{
	*region = (struct mshare_status_region){
		.version = MSHARE_STATUS_VERSION,
	};
	return ioctl(fd, MSHARE_IOC_REGION, region) ? -errno : 0;
}

/* More items at the end of an array; 0 or -ENOMEM, and the old one stays. */
static int append(void **array, size_t *n, const void *more, size_t n_more,
		  size_t item)
{
	char *grown;

	if (!n_more)
		return 0;
	grown = reallocarray(*array, *n + n_more, item);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + *n * item, more, n_more * item);
	*array = grown;
	*n += n_more;
	return 0;
}

static int read_maps(int fd, struct status_maps *maps)
{
	struct mshare_status_maps part = {.n = MSHARE_STATUS_MAPPINGS};
	void *array = NULL;
	int err = 0;

	while (!err && part.n == MSHARE_STATUS_MAPPINGS) {
		part.version = MSHARE_STATUS_VERSION;
		part.from = maps->n ? maps->v[maps->n - 1].end : 0;
		part.n = 0;
		if (ioctl(fd, MSHARE_IOC_MAPS, &part))
			return -errno;
		if (part.n > MSHARE_STATUS_MAPPINGS)
			return -EPROTO;
		err = append(&array, &maps->n, part.mapping, part.n,
			     sizeof(*maps->v));
		maps->v = array;
	}
	return err;
}

int status_maps(int fd, struct status_maps *maps)
{
	int err;

	*maps = (struct status_maps){0};
	err = read_maps(fd, maps);
	if (err) {
		free(maps->v);
		*maps = (struct status_maps){0};
	}
	return err;
}

static int read_windows(int fd, struct status_windows *windows)
{
	struct mshare_status_windows part = {.n = MSHARE_STATUS_WINDOWS};
	void *array = NULL;
	int err = 0;

	while (!err && part.n == MSHARE_STATUS_WINDOWS) {
		part.version = MSHARE_STATUS_VERSION;
		part.after = windows->n ? windows->v[windows->n - 1].id : 0;
		part.n = 0;
		if (ioctl(fd, MSHARE_IOC_WINDOWS, &part))
			return -errno;
		if (part.n > MSHARE_STATUS_WINDOWS)
			return -EPROTO;
		err = append(&array, &windows->n, part.window, part.n,
			     sizeof(*windows->v));
		windows->v = array;
	}
	return err;
}

int status_windows(int fd, struct status_windows *windows)
{
	int err;

	*windows = (struct status_windows){0};
	err = read_windows(fd, windows);
	if (err) {
		free(windows->v);
		*windows = (struct status_windows){0};
	}
	return err;
}
