/* SPDX-License-Identifier: MIT */
/* Checks and helpers that the calls of libmshare share. */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>

#include "api/last_error.h"
#include "common/syscalls.h"

int api_check_region(int fd)
{
	if (SYS_CALL(SYS_fcntl, fd, F_GETFD) < 0)
		return set_reason(EBADF, "it is not open");
	/* Our ioctl numbers may mean something else to another driver. */
	if (!attach_is_msharefs(fd))
		return set_reason(EINVAL, "it is no region of msharefs");
	return 0;
}

int api_shape(int fd, struct ioctl_info *shape)
{
	int err = api_check_region(fd);

	if (!err)
		err = sys_ioctl(fd, V1_GET_SIZE, shape);
	if (err == -ENOTTY)
		err = set_reason(EINVAL,
				 "it is no region, but mshare_info or a "
				 "directory");
	return err;
}

const struct engine *api_engine(int *err)
{
	const struct engine *engine = mshare_engine();

	if (engine->abi == ENGINE_ABI)
		return engine;
	*err = set_reason(
		ELIBBAD,
		"the preloaded libmshare-preload.so and libmshare.so are "
		"of incompatible releases; install both from one release, "
		"or run the program without the preload");
	return NULL;
}

void api_keep_over_exec(int fd)
{
	SYS_CALL(SYS_fcntl, fd, F_SETFD, 0);
}
