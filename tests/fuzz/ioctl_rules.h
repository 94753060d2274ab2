/* SPDX-License-Identifier: MIT */
/*
 * The rules of the ioctls, written again, not called: they judge what the
 * daemon answers.
 */
#ifndef IOCTL_RULES_H
#define IOCTL_RULES_H

#include "common/ioctl_forms.h"
#include "common/protocol.h"
#include "fuzz/region_model.h"
#include "ops/ops.h"

/* The pages of the backing, and the alignment of regions. */
#define HUGE (MODEL_HUGE * MODEL_PAGE)
#define ALIGN (2 * HUGE)

/* What the input says of a request, besides what it asks for. */
enum {
	INTERRUPTED = 1,   /* before the daemon looks */
	MEANWHILE = 2,	   /* another arrives when it may take long */
	AT_THE_END = 4,	   /* another arrives when it is answered */
	GIVEN_UP = 8,	   /* if it has to wait */
	ANY_ARGUMENT = 16, /* not only such that may be right */
};

struct fuse_req {
	struct fuse_ctx ctx;
	struct inode *inode;
	unsigned int cmd;
	int accmode;
	bool refused; /* before it gets to the region */
	uint8_t when;
	union {
		struct ioctl_info info;
		struct ioctl_create create;
		struct ioctl_unmap unmap;
		struct mshare_change change;
		struct mshare_kind kind;
		struct mshare_attach attach;
		uint32_t version;
		uint64_t words[4];
		unsigned char bytes[1 << _IOC_SIZEBITS];
	} arg;
	size_t out_size;
	fuse_interrupt_func_t func;
	void *data;
	int replies, err;
	unsigned char answer[1 << _IOC_SIZEBITS];
};

/* Whether a region can get this start and size now. */
bool ioctl_rules_size(const struct region_model *m, uint64_t start,
		      uint64_t size);
/*
 * Ends the program unless the request may be answered with req->err; changes
 * the model as the request does. exited: the daemon is about to end.
 */
void ioctl_rules_judge(const struct fuse_req *req, struct region_model *m,
		       bool exited);

#endif
