/* SPDX-License-Identifier: MIT */
/*
 * Shows lists of mounts as programs see them, beside a second, simple way to
 * rewrite them: "fuse.msharefs" as the third word of a line (or, in mountinfo,
 * the first after " - ") becomes "msharefs", and nothing else changes.
 */
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/fstype_view.h"

#define MAX 4096

/* Where the type of the filesystem begins, or the end of the line. */
static size_t type_at(const char *line, size_t n, bool is_info)
{
	size_t words = 1;

	for (size_t i = 0; i < n; i++) {
		if (line[i] != ' ')
			continue;
		words++;
		if (is_info && i >= 2 && !memcmp(line + i - 2, " - ", 3))
			return i + 1;
		if (!is_info && words == 3)
			return i + 1;
	}
	return n;
}

static size_t rewrite(const char *text, size_t size, bool is_info, char *out)
{
	static const char kernels[] = "fuse.msharefs ";
	size_t length = 0;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t n = end ? (size_t)(end - text) - at + 1 : size - at;
		size_t type = type_at(text + at, n, is_info);
		size_t cut = n - type >= strlen(kernels) &&
					     !memcmp(text + at + type, kernels,
						     strlen(kernels))
				     ? strlen("fuse.")
				     : 0;

		memcpy(out + length, text + at, type);
		memcpy(out + length + type, text + at + type + cut,
		       n - type - cut);
		length += n - cut;
		at += n;
	}
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char want[MAX], got[MAX + 1];
	int file, fd;
	char path[64];
	bool is_info;
	size_t length;
	ssize_t n;

	if (size < 1 || size > MAX)
		return 0;
	file = memfd_create("mounts", MFD_CLOEXEC);
	FUZZ_CHECK(file >= 0);
	is_info = data[0] & 1;
	data++;
	size--;
	FUZZ_CHECK(write(file, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(fd >= 0);
	fstype_view_show(fd, is_info ? "/proc/self/mountinfo"
				     : "/proc/self/mounts");
	length = rewrite((const char *)data, size, is_info, want);
	if (!fstype_view_read(fd, got, sizeof(got), -1, &n))
		n = read(fd, got, sizeof(got));
	FUZZ_CHECK(n == (ssize_t)length);
	FUZZ_CHECK(!memcmp(got, want, length));
	close(fd);
	close(file);
	return 0;
}
