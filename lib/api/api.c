/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>

#include "api/last_error.h"
#include "common/syscalls.h"

int api_check_region(int fd)
{
	if (SYS_CALL(SYS_fcntl, fd, F_GETFD) < 0)
		return because(EBADF, "it is not open");
	/* Another driver may take our numbers for its own. */
	if (!attach_is_ours(fd))
		return because(EINVAL, "it is no region of msharefs");
	return 0;
}

int api_shape(int fd, struct api_shape *shape)
{
	int err = api_check_region(fd);

	if (!err)
		err = sys_ioctl(fd, API_GET_SIZE, shape);
	if (err == -ENOTTY)
		err = because(EINVAL, "it is no region, but mshare_info or a "
				      "directory");
	return err;
}

const struct engine *api_engine(int *err)
{
	const struct engine *engine = mshare_engine();

	if (engine->abi == ENGINE_ABI)
		return engine;
	*err = because(
		ELIBBAD,
		"libmshare-preload.so, which is loaded, and libmshare.so "
		"are of releases that do not fit together; install both "
		"of one, or run the program without the preload");
	return NULL;
}

void api_keep_over_exec(int fd)
{
	SYS_CALL(SYS_fcntl, fd, F_SETFD, 0);
}
