/* SPDX-License-Identifier: MIT */
#include "ops/credentials.h"

#include <errno.h>

/* So many of a user's groups are looked at. */
#define MAX_GROUPS 256

static bool is_in_group(fuse_req_t req, gid_t group)
{
	gid_t groups[MAX_GROUPS];
	int n;

	if (fuse_req_ctx(req)->gid == group)
		return true;
	n = fuse_req_getgroups(req, MAX_GROUPS, groups);
	for (int i = 0; i < n && i < MAX_GROUPS; i++)
		if (groups[i] == group)
			return true;
	return false;
}

unsigned int credentials_drops(fuse_req_t req, struct inode *inode)
{
	struct server *server = fuse_req_userdata(req);
	struct stat st;

	inode_stat(&server->ns, inode, &st);
	if (fuse_req_ctx(req)->uid == 0 || !(st.st_mode & (S_ISUID | S_ISGID)))
		return 0;
	return is_in_group(req, st.st_gid) ? INODE_DROP_SETID
					   : INODE_DROP_SETID | INODE_DROP_SGID;
}

int credentials_chown(fuse_req_t req, struct inode *inode, unsigned int *what)
{
	struct server *server = fuse_req_userdata(req);
	unsigned int drops = credentials_drops(req, inode) & INODE_DROP_SGID;
	struct stat st;

	inode_stat(&server->ns, inode, &st);
	if (!drops || !S_ISREG(st.st_mode) || !(st.st_mode & S_ISGID))
		return 0;
	if (fuse_req_ctx(req)->uid != st.st_uid)
		return -EPERM;
	*what |= drops;
	return 0;
}
