/* SPDX-License-Identifier: MIT */
/*
 * Reads the daemon's lists, one ioctl after the other. The daemon may be of
 * another release, or another user's: what comes out of here is in order, ends,
 * and can be printed.
 */
#include "daemon_status.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "utf8.h"

int daemon_status_mount(int fd, struct mshare_status_mount *mount)
{
	*mount = (struct mshare_status_mount){
		.version = MSHARE_STATUS_VERSION,
	};
	if (ioctl(fd, MSHARE_IOC_MOUNT, mount))
		return -errno;
	utf8_make_printable(mount->backing, sizeof(mount->backing));
	utf8_make_printable(mount->release, sizeof(mount->release));
	utf8_make_printable(mount->limit_path, sizeof(mount->limit_path));
	return mount->page && mount->align ? 0 : -EPROTO;
}

int daemon_status_region(int fd, struct mshare_status_region *region)
{
	*region = (struct mshare_status_region){
		.version = MSHARE_STATUS_VERSION,
	};
	return ioctl(fd, MSHARE_IOC_REGION, region) ? -errno : 0;
}

/* A list of which the daemon gives one part after the other. */
struct list {
	char *v;
	size_t n, room;
};

/* Grows by half at least: a list has thousands of parts. */
static int make_room(struct list *list, size_t n, size_t item)
{
	const size_t room = n + n / 2;
	char *grown;

	if (n <= list->room)
		return 0;
	grown = reallocarray(list->v, room, item);
	if (!grown)
		return -ENOMEM;
	list->v = grown;
	list->room = room;
	return 0;
}

/* Appends a part. most: the items that fit into one. */
static int append(struct list *list, const void *part, size_t n, size_t most,
		  size_t item)
{
	int err;

	if (n > most)
		return -EPROTO;
	if (list->n + n > DAEMON_STATUS_LONGEST)
		return -E2BIG;
	err = make_room(list, list->n + n, item);
	if (!err && n)
		memcpy(list->v + list->n * item, part, n * item);
	if (!err)
		list->n += n;
	return err;
}

/*
 * A part follows what ends at "from", so that the list comes to an end. (The
 * first mapping may begin before, if it was made meanwhile.)
 */
static bool maps_follow(const struct mshare_status_maps *part, uint64_t from)
{
	const struct mshare_status_mapping *v = part->mapping;

	for (uint32_t i = 0; i < part->n; i++) {
		if (v[i].start >= v[i].end || v[i].end <= from ||
		    (i && v[i].start < from))
			return false;
		from = v[i].end;
	}
	return true;
}

static int read_maps(int fd, struct list *list)
{
	struct mshare_status_maps part = {.n = MSHARE_STATUS_MAPPINGS};
	uint64_t from = 0;
	int err = 0;

	while (!err && part.n == MSHARE_STATUS_MAPPINGS) {
		part.version = MSHARE_STATUS_VERSION;
		part.from = from;
		part.n = 0;
		if (ioctl(fd, MSHARE_IOC_MAPS, &part))
			return -errno;
		err = append(list, part.mapping, part.n, MSHARE_STATUS_MAPPINGS,
			     sizeof(part.mapping[0]));
		if (!err && !maps_follow(&part, from))
			err = -EPROTO;
		if (!err && part.n)
			from = part.mapping[part.n - 1].end;
	}
	return err;
}

int daemon_status_maps(int fd, struct daemon_status_maps *maps)
{
	struct list list = {0};
	int err = read_maps(fd, &list);

	*maps = (struct daemon_status_maps){0};
	if (err) {
		free(list.v);
		return err;
	}
	maps->v = (struct mshare_status_mapping *)(void *)list.v;
	maps->n = list.n;
	return 0;
}

static bool windows_follow(const struct mshare_status_windows *part,
			   uint64_t after)
{
	for (uint32_t i = 0; i < part->n; i++) {
		if (part->window[i].id <= after)
			return false;
		after = part->window[i].id;
	}
	return true;
}

static int read_windows(int fd, struct list *list)
{
	struct mshare_status_windows part = {.n = MSHARE_STATUS_WINDOWS};
	uint64_t after = 0;
	int err = 0;

	while (!err && part.n == MSHARE_STATUS_WINDOWS) {
		part.version = MSHARE_STATUS_VERSION;
		part.after = after;
		part.n = 0;
		if (ioctl(fd, MSHARE_IOC_WINDOWS, &part))
			return -errno;
		err = append(list, part.window, part.n, MSHARE_STATUS_WINDOWS,
			     sizeof(part.window[0]));
		if (!err && !windows_follow(&part, after))
			err = -EPROTO;
		if (!err && part.n)
			after = part.window[part.n - 1].id;
	}
	return err;
}

int daemon_status_windows(int fd, struct daemon_status_windows *windows)
{
	struct list list = {0};
	int err = read_windows(fd, &list);

	*windows = (struct daemon_status_windows){0};
	if (err) {
		free(list.v);
		return err;
	}
	windows->v = (struct mshare_status_window *)(void *)list.v;
	windows->n = list.n;
	return 0;
}
