/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of every published revision, which differ in their numbers, and
 * those of mshare_ioctl.h that change something. One number has two meanings:
 * 0x40107801 is SET_SIZE (v1) until the region has a size, and UNMAP (v2, v3)
 * from then on. Part of ops.h.
 */
#include "ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <mshare_ioctl.h>

#include "change/advise.h"
#include "change/mapping_change.h"
#include "common/ioctl_forms.h"
#include "common/protocol.h"
#include "ops/ioctl_status.h"
#include "ops/ioctl_turns.h"
#include "owner/process.h"
#include "region/region_life.h"
#include "region/region_rules.h"

/*
 * Updates the times of the file and invalidates the attributes that the kernel
 * caches. Call it before the reply.
 */
static void attr_changed(struct server *server, struct inode *inode)
{
	inode_touch(&server->ns, inode);
	server_attr_changed(server, (fuse_ino_t)(uintptr_t)inode);
}

/* Changing a region takes a descriptor that is open for writing. */
static int check_writer(const struct call *call)
{
	return call->accmode == O_RDONLY ? -EACCES : 0;
}

static void get_size(struct call *call)
{
	struct ioctl_info info;
	uint64_t mapped;

	region_shape(call->region, &info.start, &info.size, &mapped);
	call_reply(call, 0, &info, sizeof(info));
}

static void reply_changed(struct call *call, int err)
{
	if (!err)
		attr_changed(call->server, call->inode);
	call_reply(call, err, NULL, 0);
}

static void set_size(struct call *call)
{
	const struct ioctl_info *info = call->in;
	int err = check_writer(call);

	if (!err)
		err = region_set_size(call->region, info->start, info->size,
				      call->server->options.align);
	reply_changed(call, err);
}

static void interrupted(fuse_req_t req, void *stop)
{
	(void)req;
	atomic_store((atomic_bool *)stop, true);
}

static void create_mapping(struct call *call, bool absolute)
{
	const struct ioctl_create *create = call->in;
	struct map_request request = {
		.range = {.absolute = absolute,
			  .at = create->at,
			  .size = create->size},
		.offset = create->offset,
		.prot = create->prot,
		.flags = create->flags,
		.fd = (int32_t)create->fd,
	};
	atomic_bool stop = false;
	struct extent range;
	uint32_t prot;
	int err = check_writer(call);

	if (!err)
		err = region_check_map(call->region, &request,
				       call->server->backing.page, &range,
				       &prot);
	if (!err) {
		fuse_req_interrupt_func(call->req, interrupted, &stop);
		err = region_map(call->region, &range, prot, &stop);
		fuse_req_interrupt_func(call->req, NULL, NULL);
	}
	reply_changed(call, err);
}

static void unmap(struct call *call, bool absolute)
{
	const struct ioctl_unmap *in = call->in;
	struct range_request request = {
		.absolute = absolute,
		.at = in->at,
		.size = in->size,
	};
	struct extent range;
	int err = check_writer(call);

	if (!err)
		err = region_check_unmap(call->region, &request, &range);
	if (!err)
		err = region_unmap(call->region, &range);
	reply_changed(call, err);
}

/* Checks what MSHARE_IOC_PROTECT and MSHARE_IOC_ADVISE have in common. */
static int check_change(struct call *call, const struct mshare_change *change,
			struct extent *range)
{
	const struct range_request request = {.at = change->offset,
					      .size = change->size};
	int err = check_writer(call);

	if (!err && change->reserved)
		err = -EINVAL;
	return err ? err : region_check_unmap(call->region, &request, range);
}

static void protect_or_advise(struct call *call,
			      int (*change)(struct region *region,
					    const struct extent *range,
					    uint32_t what,
					    const atomic_bool *stop))
{
	const struct mshare_change *in = call->in;
	atomic_bool stop = false;
	struct extent range;
	int err = check_change(call, in, &range);

	if (!err) {
		fuse_req_interrupt_func(call->req, interrupted, &stop);
		err = change(call->region, &range, in->what, &stop);
		fuse_req_interrupt_func(call->req, NULL, NULL);
	}
	reply_changed(call, err);
}

static void set_size_or_unmap(struct call *call)
{
	uint64_t start, size, mapped;

	region_shape(call->region, &start, &size, &mapped);
	if (size)
		unmap(call, false);
	else
		set_size(call);
}

/* Makes the requesting process the owner. An error changes nothing. */
static int own(struct call *call)
{
	pid_t tid = fuse_req_ctx(call->req)->pid;
	pid_t owner = atomic_load(&call->region->owner);
	int err = region_set_owned(call->region);

	if (err)
		return err;
	if (!owner)
		err = owners_add(call->server->owners, tid, call->region);
	else if (owner != process_of_thread(tid))
		err = -EINVAL; /* -o ownership made another process its owner */
	if (err)
		atomic_store(&call->region->owned, false);
	return err;
}

static int set_kind(struct call *call, const struct mshare_kind *kind)
{
	if (kind->reserved)
		return -EINVAL;
	switch (kind->flags) {
	case MSHARE_KIND_READABLE:
		return region_set_readable(call->region, kind->start,
					   kind->size,
					   call->server->options.align);
	case MSHARE_KIND_OWNED:
		return kind->start || kind->size ? -EINVAL : own(call);
	default:
		return -EINVAL;
	}
}

static void kind(struct call *call)
{
	int err = check_writer(call);

	reply_changed(call, err ? err : set_kind(call, call->in));
}

static void attach(struct call *call)
{
	struct mshare_attach answer;
	struct window_request request;
	struct window_rule rule;
	int err;

	memcpy(&answer, call->in, sizeof(answer));
	request = (struct window_request){
		.addr = answer.addr,
		.length = answer.length,
		.offset = answer.offset,
		.prot = answer.prot,
		.flags = answer.flags & ~MSHARE_MAP_AWAY,
		.accmode = call->accmode,
		.away = answer.flags & MSHARE_MAP_AWAY,
	};
	err = region_check_window(call->region, &request,
				  call->server->options.align, &rule);
	if (err)
		goto out;
	answer.place = rule.place;
	answer.place_addr = rule.addr;
	answer.size = rule.size;
	answer.align = call->server->options.align;
	/* A read-only descriptor gives a read-only window. */
	answer.kind = call->accmode == O_RDWR ? WINDOW_SHARED : WINDOW_PRIVATE;
	if (answer.kind == WINDOW_SHARED)
		region_expect_window(call->region, request.prot);
	err = attach_server_ticket(
		call->server->attach, fuse_req_ctx(call->req)->uid,
		region_get(call->region), request.prot, &answer);
out:
	call_reply(call, err, &answer, sizeof(answer));
}

/* What may take long: it fills or frees memory, and waits for windows. */
static void change(struct call *call, unsigned int cmd)
{
	switch (cmd) {
	case V1_SET_SIZE: /* equals V2_UNMAP */
		set_size_or_unmap(call);
		break;
	case V1_CREATE_MAPPING:
		create_mapping(call, true);
		break;
	case V2_CREATE_MAPPING:
		create_mapping(call, false);
		break;
	case V1_UNMAP:
		unmap(call, true);
		break;
	case MSHARE_IOC_PROTECT:
		protect_or_advise(call, region_protect);
		break;
	case MSHARE_IOC_ADVISE:
		protect_or_advise(call, region_advise);
		break;
	default:
		call_reply(call, -ENOTTY, NULL, 0);
	}
}

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
	      struct fuse_file_info *fi, unsigned int flags, const void *in_buf,
	      size_t in_size, size_t out_size)
{
	struct server *server = fuse_req_userdata(req);
	struct call call = {
		.req = req,
		.server = server,
		.inode = server_inode(server, ino),
		.accmode = (int)fi->fh,
		.in = in_buf,
	};

	/* The kernel copies as many bytes as the ioctl number says. */
	(void)arg, (void)out_size;
	call.region = call.inode->region;
	if (flags & (FUSE_IOCTL_COMPAT | FUSE_IOCTL_DIR)) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	if (ioctl_status(&call, cmd, in_size))
		return;
	if (!call.region) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	switch (cmd) {
	case V1_GET_SIZE:
		get_size(&call);
		break;
	case MSHARE_IOC_ATTACH:
		attach(&call);
		break;
	case MSHARE_IOC_KIND:
		kind(&call);
		break;
	default:
		ioctl_in_turn(&call, cmd, in_size, change);
	}
}
