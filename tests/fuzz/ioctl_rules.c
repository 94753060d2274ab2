/* SPDX-License-Identifier: MIT */
#include "fuzz/ioctl_rules.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "fuzz/fuzz.h"

static bool map_is_valid(const struct ioctl_create *c)
{
	const uint32_t shift = c->flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

	if ((c->flags & MAP_TYPE) != MAP_SHARED ||
	    !(c->flags & MAP_ANONYMOUS) || !(c->flags & MAP_FIXED) ||
	    c->flags & MAP_GROWSDOWN || c->fd != UINT32_MAX)
		return false;
	return c->offset % MODEL_PAGE == 0 &&
	       (!(c->flags & MAP_HUGETLB) || !shift || 1UL << shift == HUGE);
}

static bool may_map(const struct fuse_req *req, const struct region_model *m,
		    struct extent *range)
{
	const struct ioctl_create *c = &req->arg.create;

	return map_is_valid(c) &&
	       model_range(m, req->cmd == V1_CREATE_MAPPING, c->at, c->size,
			   c->flags & MAP_HUGETLB ? HUGE : MODEL_PAGE, range);
}

bool ioctl_rules_size(const struct region_model *m, uint64_t start,
		      uint64_t size)
{
	return !m->size && !m->ended && size && size <= REGION_MAX &&
	       size % ALIGN == 0 && start % ALIGN == 0;
}

static bool may_change(const struct fuse_req *req, const struct region_model *m,
		       struct extent *range)
{
	const struct mshare_change *c = &req->arg.change;

	if (c->reserved ||
	    !model_range(m, false, c->offset, c->size, MODEL_PAGE, range))
		return false;
	if (req->cmd == MSHARE_IOC_PROTECT)
		return !(c->what & ~7U) && model_has(m, range, 0);
	if (c->what == MADV_POPULATE_WRITE)
		return model_has(m, range, PROT_WRITE);
	return c->what == MADV_DONTNEED && model_has(m, range, 0);
}

static bool may_be_of_kind(const struct fuse_req *req,
			   const struct region_model *m)
{
	const struct mshare_kind *k = &req->arg.kind;

	if (k->reserved || m->owned)
		return false;
	if (k->flags == MSHARE_KIND_READABLE)
		return k->start && ioctl_rules_size(m, k->start, k->size);
	return k->flags == MSHARE_KIND_OWNED && !k->start && !k->size &&
	       !m->size && !m->ended && req->ctx.pid;
}

/* The rules for windows are many: only what no window can do without. */
static bool may_attach(const struct fuse_req *req, const struct region_model *m)
{
	return m->size && !m->ended && req->accmode != O_WRONLY &&
	       !(req->arg.attach.prot & PROT_WRITE && req->accmode != O_RDWR);
}

static bool may_query(const struct fuse_req *req)
{
	return req->arg.version == MSHARE_STATUS_VERSION;
}

/* Whether a request may succeed. The range is set where there is one. */
static bool may_succeed(const struct fuse_req *req,
			const struct region_model *m, struct extent *range)
{
	const bool writes = req->accmode != O_RDONLY;
	const struct ioctl_info *info = &req->arg.info;

	if (req->refused)
		return false;
	if (!req->inode->region)
		return req->inode->is_info && req->cmd == MSHARE_IOC_MOUNT &&
		       may_query(req);
	switch (req->cmd) {
	case V1_GET_SIZE:
		return true;
	case V1_SET_SIZE:
		if (m->size) /* it is V2_UNMAP */
			return writes &&
			       model_range(m, false, info->start, info->size,
					   MODEL_PAGE, range);
		return writes && info->start &&
		       ioctl_rules_size(m, info->start, info->size);
	case V1_UNMAP:
		return writes && model_range(m, true, info->start, info->size,
					     MODEL_PAGE, range);
	case V1_CREATE_MAPPING:
	case V2_CREATE_MAPPING:
		return writes && may_map(req, m, range);
	case MSHARE_IOC_PROTECT:
	case MSHARE_IOC_ADVISE:
		return writes && may_change(req, m, range);
	case MSHARE_IOC_KIND:
		return writes && may_be_of_kind(req, m);
	case MSHARE_IOC_ATTACH:
		return may_attach(req, m);
	case MSHARE_IOC_REGION:
	case MSHARE_IOC_MAPS:
	case MSHARE_IOC_WINDOWS:
		return may_query(req);
	default:
		return false;
	}
}

/* What a request that breaks no rule may fail with. */
static bool is_want(const struct fuse_req *req, const struct region_model *m,
		    bool exited)
{
	switch (req->err) {
	case ENOMEM:
	case EDQUOT:
		return true;
	case EAGAIN:
		return req->cmd == MSHARE_IOC_ATTACH;
	case EINTR:
		return req->when & (INTERRUPTED | GIVEN_UP);
	case ENOTCONN:
		return exited;
	case ESTALE:
		return m->gone;
	case EINVAL:
		/* Not known: its rules, and what such a region has mapped. */
		return req->cmd == MSHARE_IOC_ATTACH ||
		       (req->cmd == MSHARE_IOC_ADVISE && !model_is_small(m));
	default:
		return req->cmd == MSHARE_IOC_ATTACH;
	}
}

static void set_size_or_unmap(struct region_model *m,
			      const struct fuse_req *req,
			      const struct extent *range)
{
	if (m->size) {
		model_unmap(m, range);
		return;
	}
	m->start = req->arg.info.start;
	m->size = req->arg.info.size;
}

static void set_kind(struct region_model *m, const struct mshare_kind *kind)
{
	if (kind->flags == MSHARE_KIND_OWNED) {
		m->owned = true;
		return;
	}
	m->readable = true;
	m->start = kind->start;
	m->size = kind->size;
}

static void apply(struct region_model *m, const struct fuse_req *req,
		  const struct extent *range)
{
	const uint32_t prot = req->arg.create.prot & 7;

	switch (req->cmd) {
	case V1_SET_SIZE:
		set_size_or_unmap(m, req, range);
		break;
	case V1_UNMAP:
		model_unmap(m, range);
		break;
	case V1_CREATE_MAPPING:
	case V2_CREATE_MAPPING:
		model_map(m, range,
			  req->arg.create.flags & MAP_NORESERVE
				  ? prot | MAPPING_LAZY
				  : prot);
		break;
	case MSHARE_IOC_PROTECT:
		model_protect(m, range, req->arg.change.what);
		break;
	case MSHARE_IOC_ADVISE:
		if (req->arg.change.what == MADV_DONTNEED)
			model_drop_contents(m, range);
		break;
	case MSHARE_IOC_KIND:
		set_kind(m, &req->arg.kind);
		break;
	default:
		break;
	}
}

static _Noreturn void wrong_answer(const struct fuse_req *req,
				   const struct region_model *m)
{
	const uint64_t *arg = req->arg.words;

	fprintf(stderr,
		"ioctl %#x of %#" PRIx64 " %#" PRIx64 " %#" PRIx64 " %#" PRIx64
		", access %d, of a region of %#" PRIx64 "+%#" PRIx64
		" bytes: answered with %s\n",
		req->cmd, arg[0], arg[1], arg[2], arg[3], req->accmode,
		m->start, m->size, strerror(req->err));
	abort();
}

void ioctl_rules_judge(const struct fuse_req *req, struct region_model *m,
		       bool exited)
{
	struct extent range = {0};
	const bool may = may_succeed(req, m, &range);

	if (req->err ? may && !is_want(req, m, exited) : !may)
		wrong_answer(req, m);
	if (!req->err)
		apply(m, req, &range);
}
