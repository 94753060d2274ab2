/* SPDX-License-Identifier: MIT */
/*
 * Sends a region the ioctls that the input says, through the daemon's own
 * dispatcher, which is linked against the few functions of libfuse below: any
 * number, any argument, from several users, while others are at work or are
 * given up. Each is answered once; what is answered with 0 changes the region
 * as region_model.h says, and an error changes nothing. In the end nothing is
 * left of the region.
 */
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/quota.h"
#include "fuzz/ioctl_rules.h"
#include "fuzz/region_model.h"
#include "ops/ops.h"
#include "region/region_life.h"

#define MEMORY (12 * HUGE) /* less than the largest region that is known */
#define NAME "region"
#define AT_ONCE 4 /* requests under way */

static struct server server;
static struct user *users[4];
static uid_t uids[4] = {0, 1001, 1002};
static struct inode *inode;
static struct region *region;
static struct region_model model;
static struct fuzz_input in;
static struct fuse_req requests[AT_ONCE];
static int under_way;
static bool named, opened, exited;

static void another_request(void);

static void answered(struct fuse_req *req, int err)
{
	FUZZ_CHECK(!req->replies++);
	req->err = err;
	ioctl_rules_judge(req, &model, exited);
	if (req->when & AT_THE_END)
		another_request();
}

/* What the daemon calls of libfuse */

int fuse_reply_err(fuse_req_t req, int err)
{
	/* No ioctl has an answer without a call of fuse_reply_ioctl(). */
	FUZZ_CHECK(err > 0);
	answered(req, err);
	return 0;
}

int fuse_reply_ioctl(fuse_req_t req, int result, const void *buf, size_t size)
{
	FUZZ_CHECK(!result && size <= req->out_size);
	if (size)
		memcpy(req->answer, buf, size);
	answered(req, 0);
	return 0;
}

void *fuse_req_userdata(fuse_req_t req)
{
	(void)req;
	return &server;
}

const struct fuse_ctx *fuse_req_ctx(fuse_req_t req)
{
	return &req->ctx;
}

/* As in libfuse, one that came before is not forgotten. */
void fuse_req_interrupt_func(fuse_req_t req, fuse_interrupt_func_t func,
			     void *data)
{
	FUZZ_CHECK(!req->replies);
	req->func = func;
	req->data = data;
	if (!func)
		return;
	if (req->when & INTERRUPTED)
		func(req, data);
	else if (req->when & MEANWHILE)
		another_request();
}

int fuse_lowlevel_notify_inval_inode(struct fuse_session *session,
				     fuse_ino_t ino, off_t offset, off_t length)
{
	(void)session, (void)offset, (void)length;
	FUZZ_CHECK(server_inode(&server, ino) == inode);
	return 0;
}

int fuse_session_exited(struct fuse_session *session)
{
	(void)session;
	return exited;
}

/* Making a request */

static const unsigned int commands[] = {
	V2_CREATE_MAPPING,  V2_UNMAP,		V1_SET_SIZE,
	MSHARE_IOC_PROTECT, MSHARE_IOC_ADVISE,	V1_CREATE_MAPPING,
	V1_UNMAP,	    V1_GET_SIZE,	MSHARE_IOC_KIND,
	MSHARE_IOC_ATTACH,  MSHARE_IOC_MOUNT,	MSHARE_IOC_REGION,
	MSHARE_IOC_MAPS,    MSHARE_IOC_WINDOWS,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static unsigned int some_command(void)
{
	const uint8_t which = fuzz_byte(&in);

	return which % 16 < COMMANDS ? commands[which % 16]
				     : (unsigned int)fuzz_number(&in, 4);
}

/* Mostly whole pages. */
static uint64_t some_amount(void)
{
	const uint8_t n = fuzz_byte(&in);

	if (n == 0xff)
		return fuzz_number(&in, 8);
	return n >= 0xf0 ? n * ALIGN / 2 : n * MODEL_PAGE;
}

static uint64_t some_address(const struct fuse_req *req)
{
	const bool absolute =
		req->cmd == V1_CREATE_MAPPING || req->cmd == V1_UNMAP;

	return some_amount() + (absolute ? model.start : 0);
}

static void fill_create(struct fuse_req *req)
{
	static const uint32_t flags[] = {
		0,
		MAP_NORESERVE,
		MAP_HUGETLB,
		MAP_HUGETLB | MAP_NORESERVE | 14U << MAP_HUGE_SHIFT,
		MAP_GROWSDOWN,
		MAP_HUGETLB | MAP_HUGE_2MB,
		MAP_POPULATE,
		MAP_PRIVATE,
	};
	const uint8_t how = fuzz_byte(&in);

	req->arg.create.at = some_address(req);
	req->arg.create.size = some_amount();
	req->arg.create.prot = how & 8 ? PROT_READ | PROT_WRITE : how >> 4;
	req->arg.create.flags =
		MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | flags[how & 7];
	req->arg.create.fd = UINT32_MAX;
}

static void fill_change(struct fuse_req *req)
{
	static const uint32_t advice[] = {MADV_DONTNEED, MADV_POPULATE_WRITE,
					  MADV_DONTNEED, MADV_REMOVE};
	const uint8_t what = fuzz_byte(&in);

	req->arg.change.offset = some_amount();
	req->arg.change.size = some_amount();
	req->arg.change.what =
		req->cmd == MSHARE_IOC_ADVISE ? advice[what & 3] : what & 15;
}

static void fill_kind(struct fuse_req *req)
{
	req->arg.kind.flags = fuzz_byte(&in) & 3;
	if (req->arg.kind.flags == MSHARE_KIND_OWNED)
		return;
	req->arg.kind.start = some_amount();
	req->arg.kind.size = some_amount();
}

static void fill_attach(struct fuse_req *req)
{
	req->arg.attach.length = model.size;
	req->arg.attach.prot = PROT_READ;
	req->arg.attach.flags = MAP_SHARED | (fuzz_byte(&in) & MAP_FIXED);
	req->arg.attach.addr = fuzz_byte(&in) * ALIGN;
}

static void fill_argument(struct fuse_req *req, size_t size)
{
	if (req->when & ANY_ARGUMENT) {
		for (size_t i = 0; i < size && fuzz_more(&in); i++)
			req->arg.bytes[i] = fuzz_byte(&in);
		return;
	}
	switch (req->cmd) {
	case V1_CREATE_MAPPING:
	case V2_CREATE_MAPPING:
		fill_create(req);
		break;
	case V1_SET_SIZE:
	case V1_UNMAP:
		req->arg.info.start = some_address(req);
		req->arg.info.size = some_amount();
		break;
	case MSHARE_IOC_PROTECT:
	case MSHARE_IOC_ADVISE:
		fill_change(req);
		break;
	case MSHARE_IOC_KIND:
		fill_kind(req);
		break;
	case MSHARE_IOC_ATTACH:
		fill_attach(req);
		break;
	default:
		req->arg.version = MSHARE_STATUS_VERSION;
	}
}

static struct inode *info_inode(void)
{
	static struct inode *info;
	struct stat st;

	if (!info)
		FUZZ_CHECK(!inode_lookup(&server.ns, server.ns.root,
					 "mshare_info", &info, &st));
	return info;
}

/* Returns the flags of the ioctl. */
static unsigned int choose_target(struct fuse_req *req, uint8_t who)
{
	static const int modes[] = {O_RDWR, O_RDWR, O_RDONLY, O_WRONLY};
	static struct inode *targets[4];

	targets[0] = targets[1] = inode;
	targets[2] = info_inode();
	targets[3] = server.ns.root;
	req->inode = targets[who >> 4 & 3];
	req->accmode = modes[who & 3];
	req->ctx.uid = uids[who >> 2 & 3];
	req->ctx.pid = who & 64 ? 0 : getpid();
	req->refused = who & 128 || req->inode == server.ns.root;
	return (who & 128 ? FUSE_IOCTL_COMPAT : 0) |
	       (req->inode == server.ns.root ? FUSE_IOCTL_DIR : 0);
}

/* As the kernel and libfuse do: the sizes are those that the number says. */
static void send_request(struct fuse_req *req, unsigned int flags)
{
	const size_t size = _IOC_SIZE(req->cmd);
	const size_t in_size = _IOC_DIR(req->cmd) & _IOC_WRITE ? size : 0;
	struct fuse_file_info fi = {.fh = (uint64_t)req->accmode};
	void *copy = in_size ? malloc(in_size) : NULL;

	req->out_size = _IOC_DIR(req->cmd) & _IOC_READ ? size : 0;
	if (copy)
		memcpy(copy, req->arg.bytes, in_size);
	op_ioctl(req, server_node_id(&server, req->inode), req->cmd, NULL, &fi,
		 flags, copy, in_size, req->out_size);
	free(copy); /* it is gone, even if the request has to wait */
}

static struct fuse_req *new_request(void)
{
	struct fuse_req *req = &requests[under_way++];

	memset(req, 0, sizeof(*req));
	return req;
}

static void request(void)
{
	struct fuse_req *req = new_request();
	unsigned int flags;

	req->when = fuzz_byte(&in);
	flags = choose_target(req, fuzz_byte(&in));
	req->cmd = some_command();
	fill_argument(req, _IOC_SIZE(req->cmd));
	send_request(req, flags);
	if (!req->replies && req->when & GIVEN_UP) {
		req->func(req, req->data);
		FUZZ_CHECK(req->replies && req->err == EINTR);
	}
}

static void another_request(void)
{
	if (under_way < AT_ONCE && fuzz_more(&in))
		request();
}

static void check_answers(void)
{
	while (under_way)
		FUZZ_CHECK(requests[--under_way].replies == 1);
}

/* Comparing the region with what it should be */

static const void *ask(unsigned int cmd, const void *arg)
{
	struct fuse_req *req = new_request();

	req->cmd = cmd;
	req->inode = inode;
	memcpy(req->arg.bytes, arg, _IOC_SIZE(cmd));
	send_request(req, 0);
	check_answers();
	return req->err ? NULL : req->answer;
}

static void check_maps(void)
{
	static struct mshare_status_mapping all[4 * MSHARE_STATUS_MAPPINGS];
	struct mshare_status_maps part = {.version = MSHARE_STATUS_VERSION};
	size_t n = 0;

	do {
		const void *answer = ask(MSHARE_IOC_MAPS, &part);

		if (!answer)
			return;
		memcpy(&part, answer, sizeof(part));
		FUZZ_CHECK(part.n <= MSHARE_STATUS_MAPPINGS &&
			   n + part.n <= sizeof(all) / sizeof(all[0]));
		memcpy(all + n, part.mapping, part.n * sizeof(*all));
		n += part.n;
		part.from = n ? all[n - 1].end : 0;
	} while (part.n == MSHARE_STATUS_MAPPINGS);
	model_check_maps(&model, all, n);
}

static void check_region(void)
{
	const struct mshare_status_region query = {
		.version = MSHARE_STATUS_VERSION,
	};
	const struct mshare_status_region *answer =
		ask(MSHARE_IOC_REGION, &query);
	struct stat st;

	if (answer)
		model_check_region(&model, answer,
				   extents_bytes(&region->kept));
	if (answer)
		FUZZ_CHECK(answer->promised == atomic_load(&region->held));
	inode_stat(&server.ns, inode, &st);
	FUZZ_CHECK((uint64_t)st.st_size == model.size);
	FUZZ_CHECK((uint64_t)st.st_blocks * 512 == region->maps.bytes);
	FUZZ_CHECK(atomic_load(&server.backing.held) ==
		   atomic_load(&region->held));
}

static void check_all(void)
{
	check_answers();
	FUZZ_CHECK(!server.turns.running && LIST_EMPTY(&server.turns.users));
	check_maps();
	check_region();
	model_check_file(&model, region->fd);
}

/* What else happens to a region */

/* A process writes through its window. */
static void touch(void)
{
	const uint64_t page = fuzz_byte(&in) % MODEL_PAGES;
	const uint8_t byte = fuzz_byte(&in);

	if (!model_is_small(&model) || region->fd < 0 ||
	    model.prot[page] == MODEL_UNMAPPED ||
	    !(model.prot[page] & PROT_WRITE))
		return;
	FUZZ_CHECK(pwrite(region->fd, &byte, 1, (off_t)(page * MODEL_PAGE)) ==
		   1);
	model.byte[page] = byte;
}

static void truncate_it(void)
{
	const uint64_t size = some_amount();
	const bool may = ioctl_rules_size(&model, 0, size);

	FUZZ_CHECK(!region_truncate(region, size, ALIGN) == may);
	if (may)
		model.size = size;
}

static void unlink_it(void)
{
	if (named)
		FUZZ_CHECK(!inode_unlink(&server.ns, server.ns.root, NAME));
	named = false;
	if (!opened && !model.gone)
		model_disown(&model);
}

static void close_it(void)
{
	if (opened)
		inode_close(&server.ns, inode);
	opened = false;
	if (!named && !model.gone)
		model_disown(&model);
}

static void owner_exits(void)
{
	const bool ends = model.owned && !model.ended;

	owners_process_exits(server.owners, getpid());
	if (ends)
		model_end(&model);
}

static void something_else(uint8_t what)
{
	switch (what) {
	case 0:
		unlink_it();
		break;
	case 1:
		close_it();
		break;
	case 2:
		owner_exits();
		break;
	default:
		exited = true;
	}
}

static void step(void)
{
	const uint8_t what = fuzz_byte(&in);

	switch (what & 7) {
	case 0:
		truncate_it();
		break;
	case 1:
		touch();
		break;
	case 2:
		something_else(what >> 3 & 3);
		break;
	default:
		request();
	}
}

/* From the first to the last moment of a region */

static void start(void)
{
	const uint64_t limits[QUOTAS] = {
		[QUOTA_MAPPINGS] = 12,
		[QUOTA_DESCRIPTORS] = 3,
		[QUOTA_TICKETS] = 4,
	};
	const struct inode_seed root = {.mode = S_IFDIR | 0777};
	struct hugepage_pool pool;

	FUZZ_CHECK(sysconf(_SC_PAGESIZE) == MODEL_PAGE);
	server.backing = (struct backing){
		.kind = BACKING_SHMEM,
		.dir_fd = -1,
		/* Told to have larger pages than it has. */
		.page = HUGE,
		.max_size = MEMORY,
		.name = "shmem",
		/* So many wait for memory already: nobody else does. */
		.waits = 1000,
	};
	server.options.align = ALIGN;
	server.options.max_size = MEMORY;
	/* It keeps files of /proc open from its first look on. */
	backing_pool(&server.backing, &pool);
	quota_init(limits);
	uids[3] = geteuid();
	for (int i = 0; i < 4; i++)
		FUZZ_CHECK((users[i] = user_get(uids[i])));
	FUZZ_CHECK(!namespace_init(&server.ns, &server.backing, ALIGN, &root));
}

static void begin_region(void)
{
	const uint8_t how = fuzz_byte(&in);
	const struct inode_seed seed = {
		.mode = S_IFREG | 0600,
		.uid = uids[how & 3],
	};
	struct stat st;

	turns_init(&server.turns, how & 4 ? 2 : 1, 1);
	FUZZ_CHECK(!owners_open(&server.owners));
	FUZZ_CHECK(!attach_server_open(&server.attach, false));
	FUZZ_CHECK(!inode_create(&server.ns, server.ns.root, NAME, &seed,
				 &inode, &st));
	inode_open(&server.ns, inode);
	region = inode->region;
	named = opened = true;
	exited = false;
	model_init(&model);
}

static void end_region(void)
{
	unlink_it();
	close_it();
	check_all();
	/* Tickets have references, and so has the owner. */
	owners_close(server.owners);
	attach_server_close(server.attach);
	inode_forget(&server.ns, inode, 1);
	turns_free(&server.turns);
}

static void check_nothing_is_left(void)
{
	static int before;

	FUZZ_CHECK(!atomic_load(&server.backing.held));
	FUZZ_CHECK(!atomic_load(&server.backing.leaving));
	/* The root and mshare_info. */
	FUZZ_CHECK(namespace_count(&server.ns) == 2);
	for (int i = 0; i < 4; i++)
		for (int quota = 0; quota < QUOTAS; quota++)
			FUZZ_CHECK(quota == QUOTA_INODES ||
				   !user_has(users[i], (enum quota)quota));
	if (!before)
		before = fuzz_count_fds(false);
	FUZZ_CHECK(fuzz_count_fds(false) <= before || fuzz_count_fds(true) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!users[0])
		start();
	in = (struct fuzz_input){.at = data, .left = size};
	begin_region();
	for (int i = 0; i < 64 && fuzz_more(&in); i++) {
		step();
		check_all();
	}
	end_region();
	check_nothing_is_left();
	return 0;
}
