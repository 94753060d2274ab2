// SPDX-License-Identifier: MIT
// The calls of libmshare from C++. MSHAREFS_MOUNT is set; status 0: all is well.
#include <mshare.h>
#include <mshare_ioctl.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace
{

constexpr size_t unit = size_t{1} << 30;
constexpr size_t part = size_t{2} << 20;

class region
{
    public:
	region() : fd(mshare_create(MSHARE_CLOEXEC))
	{
	}
	~region()
	{
		if (fd >= 0)
			close(fd);
	}
	region(const region &) = delete;
	region &operator=(const region &) = delete;
	const int fd;
};

bool failed(const char *what)
{
	std::fprintf(stderr, "%s: %s\n", what, mshare_error());
	return false;
}

bool works()
{
	region r;
	mshare_status_region status{};

	if (r.fd < 0 || ftruncate(r.fd, static_cast<off_t>(unit)))
		return failed("create");
	if (mshare_map(r.fd, 0, part, PROT_READ | PROT_WRITE, 0))
		return failed("map");
	void *const at = mshare_attach(r.fd, 0, 0, nullptr, 0);
	if (at == MAP_FAILED)
		return failed("attach");
	std::strcpy(static_cast<char *>(at), "C++");
	if (mshare_protect(r.fd, 0, part, PROT_READ) ||
	    mshare_advise(r.fd, 0, part, MADV_DONTNEED) != 0)
		return failed("protect, advise");
	status.version = MSHARE_STATUS_VERSION;
	if (ioctl(r.fd, MSHARE_IOC_REGION, &status) || status.size != unit)
		return failed("status");
	if (mshare_detach(at, unit) || mshare_detach(at, unit) != -1 ||
	    errno != EINVAL)
		return failed("detach");
	return true;
}

} // namespace

int main()
{
	return works() ? 0 : 1;
}
