/* SPDX-License-Identifier: MIT */
/* doc/interface.md, section 2: the binary interface. */
#include "conform/conform.h"

#define ONE_MOUNT "one mount serves all revisions at once"

static const struct row rows[] = {
	ROW("GET_SIZE", NULL, "request GET_SIZE", "0x80107800", NULL,
	    .revisions = V1),
	ROW("SET_SIZE", NULL, "request SET_SIZE", "0x40107801", NULL,
	    .revisions = V1),
	ROW("CREATE_MAPPING", NULL, "request CREATE_MAPPING", "0x40287802",
	    NULL, .revisions = V1),
	ROW("UNMAP", NULL, "request UNMAP", "0x40107803", NULL,
	    .revisions = V1),
	ROW("CREATE_MAPPING", NULL, "request CREATE_MAPPING", "0x40287800",
	    NULL, .revisions = V2 | V3),
	ROW("UNMAP", NULL, "request UNMAP", "0x40107801", NULL,
	    .revisions = V2 | V3),
	ROW("struct mshare_info, 16 bytes", NULL, "size-of-argument GET_SIZE",
	    "16", "field mshare_info.start is 0; field mshare_info.size is 8",
	    .revisions = V1),
	ROW("struct mshare_create, 40 bytes", NULL,
	    "size-of-argument CREATE_MAPPING", "40",
	    "field mshare_create.addr is 0; field mshare_create.size is 8;"
	    "field mshare_create.offset is 16; field mshare_create.prot is 24;"
	    "field mshare_create.flags is 28; field mshare_create.fd is 32",
	    .revisions = V1),
	ROW("struct mshare_create, 40 bytes", NULL,
	    "size-of-argument CREATE_MAPPING", "40",
	    "field mshare_create.region_offset is 0;"
	    "field mshare_create.size is 8; field mshare_create.offset is 16;"
	    "field mshare_create.prot is 24; field mshare_create.flags is 28;"
	    "field mshare_create.fd is 32",
	    .revisions = V2 | V3),
	ROW("struct mshare_unmap, 16 bytes", NULL, "size-of-argument UNMAP",
	    "16", "field mshare_unmap.addr is 0; field mshare_unmap.size is 8",
	    .revisions = V1),
	ROW("struct mshare_unmap, 16 bytes", NULL, "size-of-argument UNMAP",
	    "16",
	    "field mshare_unmap.region_offset is 0;"
	    "field mshare_unmap.size is 8",
	    .revisions = V2 | V3),
	ROW("MSHARE_MAGIC", NULL, "magic", "0x4d534852", NULL),
	ROW("statfs, f_type", NULL, "fs-type", "0x4d534852", NULL),

	/* 0x40107801 is SET_SIZE before the size is set, UNMAP afterwards */
	ROW("0x40107801 is SET_SIZE", FRESH, "set-size S A", "ok", "size A",
	    .revisions = V1),
	ROW("0x40107801 once the size is set", MAPPED, "set-size S A", "EINVAL",
	    "read 0 is 0", .revisions = V1),
	ROW("0x40107801 is UNMAP", MAPPED, "unmap 0 H", "ok",
	    "read 0 is SIGSEGV MAPERR", .revisions = V2 | V3),
	ROW("0x40107801 before the size is set", FRESH, "unmap 0 A", "EINVAL",
	    "size 0; set-size S A", .revisions = V2 | V3),

	/* The numbers of other revisions */
	ROW("v2's CREATE_MAPPING", SIZED, "ioctl 0x40287800", "EINVAL", NULL,
	    .revisions = V1, .deviates = ONE_MOUNT, .posted = "ENOTTY"),
	ROW("v1's GET_SIZE", SIZED, "ioctl 0x80107800", "ok", NULL,
	    .revisions = V2 | V3, .deviates = ONE_MOUNT, .posted = "ENOTTY"),
	ROW("v1's CREATE_MAPPING", SIZED, "ioctl 0x40287802", "EINVAL", NULL,
	    .revisions = V2 | V3, .deviates = ONE_MOUNT, .posted = "ENOTTY"),
	ROW("v1's UNMAP", SIZED, "ioctl 0x40107803", "EINVAL", NULL,
	    .revisions = V2 | V3, .deviates = ONE_MOUNT, .posted = "ENOTTY"),
};

const struct table number_table = TABLE("2", rows);
