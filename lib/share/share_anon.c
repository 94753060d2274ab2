/* SPDX-License-Identifier: MIT */
/*
 * Makes redirected memory: a file of huge pages of the program's own, with no
 * name and no descriptor, so that it ends with the last process that has it
 * mapped. Page tables are shared among mappings that cover a whole sharing
 * unit (1 GiB on x86-64): so it is mapped at such an address, up to the end of
 * the last unit.
 */
#include "share/share_anon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/address_reserve.h"
#include "common/syscalls.h"
#include "engine/sigbus.h"
#include "share/share_message.h"
#include "share/share_pool.h"
#include "share/share_table.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* A writable mapping makes the file grow to its size. */
static int reserve(int fd, size_t size)
{
	long at = sys_mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return sys_failed(at) ? (int)at : sys_munmap((uintptr_t)at, size);
}

static int new_file(uint64_t length, size_t size)
{
	const unsigned int log2 = (unsigned int)__builtin_ctzll(share_huge);
	char name[64];
	int fd, err;

	snprintf(name, sizeof(name), "mshare:anon:%lu", (unsigned long)length);
	fd = (int)SYS_CALL(SYS_memfd_create, name,
			   MFD_CLOEXEC | MFD_HUGETLB | log2 << MAP_HUGE_SHIFT);
	if (fd < 0)
		return fd;
	err = reserve(fd, size);
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

/* Where the memory is to be; reserves the addresses, or a part of them. */
struct site {
	uintptr_t base;
	uintptr_t reserved, end; /* what is not the program's yet */
};

/*
 * With MAP_FIXED the program's own range may be in use, but not what follows it
 * up to the end of the unit.
 */
static int find_fixed(struct placement *p, size_t size, struct site *site)
{
	site->base = p->addr;
	site->reserved = p->addr + size;
	site->end = p->addr + p->size;
	p->addr = site->reserved;
	p->size = site->end - site->reserved;
	return p->size ? address_reserve(p, &site->reserved) : 0;
}

/* What the kernel says of the program's range alone, when the unit is taken. */
static int why_taken(uintptr_t addr, size_t size)
{
	const struct placement p = {
		.place = PLACE_AT,
		.addr = addr,
		.size = size,
	};
	uintptr_t base;
	int err = address_reserve(&p, &base);

	if (err)
		return err;
	sys_munmap(base, size);
	return -ENOMEM;
}

static int find_site(const struct mmap_args *args, size_t size,
		     struct site *site)
{
	const int how = args->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	const uintptr_t addr = (uintptr_t)args->addr;
	const bool aligned = addr && !(addr & (share_unit - 1));
	struct placement p = {
		.place = how	   ? PLACE_AT
			 : aligned ? PLACE_HINT
				   : PLACE_ANY,
		.addr = addr,
		.size = round_up(size, share_unit),
		.align = share_unit,
	};
	int err;

	if (how && !aligned)
		return -EINVAL;
	if (how == MAP_FIXED)
		return find_fixed(&p, size, site);
	err = address_reserve(&p, &site->reserved);
	site->base = site->reserved;
	site->end = site->base + p.size;
	return err == -EEXIST && how ? why_taken(addr, size) : err;
}

static void touch(uintptr_t at)
{
	volatile char *byte = (volatile char *)at;

	*byte = 0;
}

/*
 * Lets children find page tables to share: the parent has one in each unit. All
 * of it, if a cgroup could stand in the way later, or the program says so.
 */
static int fill(const struct mmap_args *args, uintptr_t base, size_t size)
{
	const bool all =
		args->flags & MAP_POPULATE || share_pool_is_limited(share_huge);
	int err;

	if (all) {
		err = (int)SYS_CALL(SYS_madvise, base, size,
				    MADV_POPULATE_WRITE);
		return err == -EFAULT ? -ENOMEM : err;
	}
	for (size_t at = 0; at < size; at += share_unit) {
		err = (int)SYS_CALL(SYS_madvise, base + at, share_huge,
				    MADV_POPULATE_WRITE);
		if (err == -EINVAL) /* before Linux 5.14; it is reserved */
			touch(base + at);
		else if (err)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Without access at first: a mapping that can be written when it is made would
 * let the file grow to its end, beyond what is reserved.
 */
static int map_file(const struct mmap_args *args, int fd, size_t size,
		    const struct site *site)
{
	const size_t whole = site->end - site->base;
	long at = sys_mmap(site->base, whole, PROT_NONE,
			   MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0);
	int err = sys_failed(at) ? (int)at : 0;

	if (!err)
		err = sys_mprotect(site->base, whole, PROT_READ | PROT_WRITE);
	if (!err)
		err = fill(args, site->base, size);
	if (!err && args->prot != (PROT_READ | PROT_WRITE))
		err = sys_mprotect(site->base, whole, args->prot);
	return err;
}

static int redirect_to(const struct mmap_args *args, int fd, size_t size,
		       struct site *site)
{
	int err = find_site(args, round_up(args->length, share_page), site);

	if (err)
		return err;
	err = map_file(args, fd, size, site);
	if (err)
		sys_munmap(site->reserved, site->end - site->reserved);
	return err;
}

/* One for all memory that the same processes have, if that can be known. */
static struct witness find_witness(void)
{
	const struct part *p;

	for (size_t i = 0; (p = share_table_at(i)); i++)
		if (witness_is_alone(&p->witness))
			return p->witness;
	return witness_new();
}

static void add_part(const struct mmap_args *args, const struct site *site)
{
	static uint64_t last_object;
	const struct part part = {
		.start = site->base,
		.end = site->base + round_up(args->length, share_page),
		.tail = site->end,
		.object = ++last_object,
		.length = args->length,
		.witness = find_witness(),
		.prot = args->prot,
	};

	share_table_add(&part);
}

static int make(const struct mmap_args *args, uintptr_t *base)
{
	const size_t size = round_up(args->length, share_huge);
	struct site site;
	int fd, err = share_table_room(1);

	if (err)
		return err;
	fd = new_file(args->length, size);
	if (fd < 0)
		return fd;
	err = redirect_to(args, fd, size, &site);
	sys_close(fd);
	if (err)
		return err;
	add_part(args, &site);
	sigbus_install();
	*base = site.base;
	return 0;
}

void share_anon_say(const struct mmap_args *args, int err)
{
	const size_t pages = round_up(args->length, share_huge) / share_huge;
	const unsigned long mib = args->length >> 20;
	uint64_t wanted = err == -ENOMEM
				  ? share_pool_overcommit_for(share_huge, pages)
				  : 0;

	if (wanted)
		share_say("%lu MiB of shared memory are not in shared huge "
			  "pages: there are not enough; to have them: "
			  "sudo sysctl vm.nr_overcommit_hugepages=%lu\n",
			  mib, (unsigned long)wanted);
	else
		share_say("%lu MiB of shared memory are not in shared huge "
			  "pages: %s; see: msharectl doctor\n",
			  mib, strerrordesc_np(-err));
}

long share_anon_map(const struct mmap_args *args)
{
	uintptr_t base = 0;
	sigset_t mask;
	int err;

	if (args->length > SIZE_MAX / 2)
		return -ENOMEM;
	window_table_lock(&mask);
	err = make(args, &base);
	window_table_unlock(&mask);
	return err ? err : (long)base;
}
