/* SPDX-License-Identifier: MIT */
/* Tests the command line of the daemon. */
#include "harness/harness.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <inttypes.h>
#include <string.h>

#include "options.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

static struct options o;
static struct fuse_args args;
static char message[OPTIONS_MESSAGE];

/* Parses a line of words. Call done() afterwards. */
static int parse(const char *line)
{
	static char words[512], program[] = "msharefs";
	static char *argv[32];
	int argc = 1;

	snprintf(words, sizeof(words), "%s", line);
	argv[0] = program;
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	args = (struct fuse_args)FUSE_ARGS_INIT(argc, argv);
	memset(message, 0, sizeof(message));
	return options_parse(&args, &o, message);
}

static void done(void)
{
	options_free(&o);
	fuse_opt_free_args(&args);
}

/* Compares the arguments left for libfuse, without the program's name. */
static bool left(const char *want)
{
	char all[512] = "";

	for (int i = 1; i < args.argc; i++) {
		strcat(all, args.argv[i]);
		strcat(all, " ");
	}
	if (!strcmp(all, want))
		return true;
	printf("     left to libfuse: %s\n", all);
	return false;
}

static bool is(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void test_defaults(void)
{
	CU_ASSERT_FATAL(parse("/mnt") == 0);
	CU_ASSERT(is(o.mountpoint, "/mnt"));
	CU_ASSERT_PTR_NULL(o.source);
	CU_ASSERT(!o.foreground && !o.debug && !o.help && !o.version);
	CU_ASSERT(!o.allow_other && !o.clone_fd);
	CU_ASSERT(o.backing.kind == BACKING_AUTO);
	CU_ASSERT(o.align == 0);
	CU_ASSERT(o.max_size == UINT64_MAX);
	CU_ASSERT(left(""));
	done();
	CU_ASSERT_PTR_NULL(o.mountpoint);
}

static void test_flags(void)
{
	CU_ASSERT(parse("-f /mnt") == 0);
	CU_ASSERT(o.foreground && !o.debug);
	done();
	CU_ASSERT(parse("-d /mnt") == 0);
	CU_ASSERT(o.foreground && o.debug); /* -d implies -f */
	done();
	CU_ASSERT(parse("-o debug /mnt") == 0);
	CU_ASSERT(o.foreground && o.debug);
	CU_ASSERT(left(""));
	done();
	CU_ASSERT(parse("/mnt -o clone_fd") == 0);
	CU_ASSERT(o.clone_fd);
	CU_ASSERT(left(""));
	done();
	CU_ASSERT(parse("-o allow_other /mnt") == 0);
	CU_ASSERT(o.allow_other);
	CU_ASSERT(left("-o allow_other ")); /* the kernel needs it too */
	done();
}

/* No later option undoes an earlier flag. */
static void test_flag_order(void)
{
	static const char *const flags[] = {
		"-f", "-d",	     "-o debug",       "-h",
		"-V", "-o clone_fd", "-o allow_other", "-o backing=shmem",
	};

	for (size_t i = 0; i < N_TESTS(flags); i++) {
		for (size_t j = 0; j < N_TESTS(flags); j++) {
			char line[128];

			snprintf(line, sizeof(line), "%s %s /mnt", flags[i],
				 flags[j]);
			CU_ASSERT(parse(line) == 0);
			CU_ASSERT(o.foreground ==
				  (i <= 2 || j <= 2)); /* -d implies -f */
			CU_ASSERT(o.debug ==
				  (i == 1 || i == 2 || j == 1 || j == 2));
			CU_ASSERT(o.help == (i == 3 || j == 3));
			CU_ASSERT(o.version == (i == 4 || j == 4));
			CU_ASSERT(o.clone_fd == (i == 5 || j == 5));
			CU_ASSERT(o.allow_other == (i == 6 || j == 6));
			/* Parsing stops at help and version. */
			if (!o.help && !o.version)
				CU_ASSERT((o.backing.kind == BACKING_SHMEM) ==
					  (i == 7 || j == 7));
			done();
		}
	}
}

static void test_backing(void)
{
	CU_ASSERT(parse("-o backing=auto /mnt") == 0);
	CU_ASSERT(o.backing.kind == BACKING_AUTO);
	done();
	CU_ASSERT(parse("-o backing=memfd /mnt") == 0);
	CU_ASSERT(o.backing.kind == BACKING_MEMFD);
	done();
	CU_ASSERT(parse("-obacking=shmem /mnt") == 0);
	CU_ASSERT(o.backing.kind == BACKING_SHMEM);
	done();
	CU_ASSERT(parse("-o backing=hugetlbfs:/dev/hugepages /mnt") == 0);
	CU_ASSERT(o.backing.kind == BACKING_HUGETLBFS);
	CU_ASSERT(is(o.backing.dir, "/dev/hugepages"));
	CU_ASSERT(left(""));
	done();
}

static void test_sizes(void)
{
	CU_ASSERT(parse("-o align=2M,max_size=3G /mnt") == 0);
	CU_ASSERT(o.align == 2 * MIB);
	CU_ASSERT(o.max_size == 3 * GIB);
	CU_ASSERT(left(""));
	done();
	CU_ASSERT(parse("-o align=512g /mnt -o max_size=1") == 0);
	CU_ASSERT(o.align == 512 * GIB);
	CU_ASSERT(o.max_size == 1);
	done();
	CU_ASSERT(parse("-o align=1G,align=4G /mnt") == 0);
	CU_ASSERT(o.align == 4 * GIB); /* the last one counts */
	done();
	CU_ASSERT(parse("-o max_size=18446744073709551615 /mnt") == 0);
	CU_ASSERT(o.max_size == UINT64_MAX);
	done();
}

static void test_quotas(void)
{
	CU_ASSERT(parse("-o user_inodes=1000,user_mappings=64K /mnt") == 0);
	CU_ASSERT(o.quotas[QUOTA_INODES] == 1000);
	CU_ASSERT(o.quotas[QUOTA_MAPPINGS] == 65536);
	CU_ASSERT(!o.quotas[QUOTA_XATTRS] && !o.quotas[QUOTA_DESCRIPTORS]);
	CU_ASSERT(left(""));
	done();
	CU_ASSERT(parse("-o user_xattrs=1M /mnt -o user_tickets=5 "
			"-o user_descriptors=7") == 0);
	CU_ASSERT(o.quotas[QUOTA_XATTRS] == MIB);
	CU_ASSERT(o.quotas[QUOTA_TICKETS] == 5);
	CU_ASSERT(o.quotas[QUOTA_DESCRIPTORS] == 7);
	done();
	CU_ASSERT(parse("-o user_inodes=0 /mnt") == -EINVAL);
	done();
	CU_ASSERT(parse("-o user_tickets=many /mnt") == -EINVAL);
	done();
}

static void test_mount_form(void)
{
	CU_ASSERT(parse("none /mnt -o rw,nosuid,align=2G") == 0);
	CU_ASSERT(is(o.source, "none"));
	CU_ASSERT(is(o.mountpoint, "/mnt"));
	CU_ASSERT(o.align == 2 * GIB);
	CU_ASSERT(left("-o rw,nosuid "));
	done();
	CU_ASSERT(parse("msharefs -f /mnt") == 0);
	CU_ASSERT(is(o.source, "msharefs"));
	CU_ASSERT(is(o.mountpoint, "/mnt"));
	CU_ASSERT(o.foreground);
	done();
	CU_ASSERT(parse("-- /mnt") == 0);
	CU_ASSERT(is(o.mountpoint, "/mnt"));
	CU_ASSERT_PTR_NULL(o.source);
	done();
	CU_ASSERT(parse("-o ro,exit_errno -- -f /mnt") == 0);
	CU_ASSERT(is(o.source, "-f") && is(o.mountpoint, "/mnt"));
	CU_ASSERT(o.exit_errno && !o.foreground);
	CU_ASSERT(left("-o ro "));
	done();
}

static void test_others_are_left(void)
{
	CU_ASSERT(parse("-o ro,max_read=4096,backing=shmem /mnt -o foo=bar") ==
		  0);
	CU_ASSERT(left("-o ro,max_read=4096,foo=bar "));
	CU_ASSERT(is(args.argv[0], "msharefs"));
	CU_ASSERT(o.backing.kind == BACKING_SHMEM);
	done();
	/* Options that only resemble ours. */
	CU_ASSERT(parse("-o alignment=5,backin=shmem,debugging /mnt") == 0);
	CU_ASSERT(left("-o alignment=5,backin=shmem,debugging "));
	CU_ASSERT(o.align == 0 && !o.debug);
	done();
	CU_ASSERT(parse("-s /mnt") == 0);
	CU_ASSERT(left("-s "));
	done();
}

static void test_help(void)
{
	static const char *const lines[] = {
		"-h",
		"--help",
		"-h -o align=nonsense",
		"-h /mnt -o backing=x",
	};

	for (size_t i = 0; i < N_TESTS(lines); i++) {
		CU_ASSERT(parse(lines[i]) == 0);
		CU_ASSERT(o.help && !o.version);
		done();
	}
	CU_ASSERT(parse("-V") == 0);
	CU_ASSERT(o.version && !o.help);
	done();
	CU_ASSERT(parse("--version") == 0);
	CU_ASSERT(o.version);
	done();
}

/* Parsing fails with -EINVAL and one line that names what is wrong. */
static bool refused(const char *line, const char *named)
{
	int err = parse(line);
	bool good = err == -EINVAL && strstr(message, named) &&
		    !strchr(message, '\n');

	if (!good)
		printf("     %s: error %d, %s\n", line, err, message);
	done();
	return good;
}

static void test_malformed(void)
{
	static const char *const bad[] = {
		"backing=",
		"backing=none",
		"backing=AUTO",
		"backing=shmem2",
		"backing=hugetlbfs",
		"backing=hugetlbfs:",
		"backing=hugetlbfs:huge",
		"align=",
		"align=0",
		"align=0G",
		"align=x",
		"align=-1",
		"align=+2M",
		"align=1.5G",
		"align=1GB",
		"align=3M",
		"align=1073741825",
		"align=18446744073709551615",
		"align=16777216T",
		"max_size=",
		"max_size=0",
		"max_size=0T",
		"max_size=all",
		"max_size=-1G",
		"max_size=1G1",
		"max_size=18446744073709551616",
	};

	for (size_t i = 0; i < N_TESTS(bad); i++) {
		char line[128], named[64];

		snprintf(line, sizeof(line), "/mnt -o rw,%s", bad[i]);
		snprintf(named, sizeof(named), "-o %s:", bad[i]);
		CU_ASSERT(refused(line, named));
	}
}

static void test_bad_arguments(void)
{
	CU_ASSERT(refused("", "no mount point"));
	CU_ASSERT(refused("-f -o align=1G", "no mount point"));
	CU_ASSERT(refused("a b c", "too many arguments"));
	CU_ASSERT(refused("a b -f -o ro c", "too many arguments"));
}

/* libfuse detects and reports this; our message must not contradict it. */
static void test_option_missing(void)
{
	CU_ASSERT(refused("/mnt -o", "-o"));
	CU_ASSERT(!strstr(message, "too many"));
}

static void test_settle_default(void)
{
	const struct backing small = {.page = 4096};
	const struct backing large = {.page = 16 * TIB};

	CU_ASSERT(parse("/mnt") == 0);
	CU_ASSERT(options_settle(&o, &small, message) == 0);
	CU_ASSERT(o.align == backing_unit(&small));
	done();
	CU_ASSERT(parse("/mnt") == 0);
	CU_ASSERT(options_settle(&o, &large, message) == 0);
	CU_ASSERT(o.align == 16 * TIB);
	done();
}

static int settle(uint64_t align, const struct backing *backing)
{
	char line[64];
	int err;

	snprintf(line, sizeof(line), "-o align=%" PRIu64 " /mnt", align);
	CU_ASSERT(parse(line) == 0);
	err = options_settle(&o, backing, message);
	CU_ASSERT(o.align == align);
	if (err) {
		snprintf(line, sizeof(line), "-o align=%" PRIu64 ":", align);
		CU_ASSERT_PTR_NOT_NULL(strstr(message, line));
	}
	done();
	return err;
}

static void test_settle_limits(void)
{
	const struct backing small = {.page = 4096};
	const struct backing large = {.page = 16 * TIB};
	const uint64_t unit = backing_unit(&small);

	CU_ASSERT(settle(unit, &small) == 0);
	CU_ASSERT(settle(2 * unit, &small) == 0);
	CU_ASSERT(settle(64 * TIB, &small) == 0);
	CU_ASSERT(settle(128 * TIB, &small) == -EINVAL);
	CU_ASSERT(settle(1ULL << 63, &small) == -EINVAL);
	CU_ASSERT(settle(unit / 2, &small) == -EINVAL);
	CU_ASSERT(settle(1, &small) == -EINVAL);
	/* A unit is never smaller than a page of the backing. */
	CU_ASSERT(settle(8 * TIB, &large) == -EINVAL);
	CU_ASSERT(settle(16 * TIB, &large) == 0);
}

static const struct test tests[] = {
	{"defaults", test_defaults},
	{"flags", test_flags},
	{"flags in any order", test_flag_order},
	{"backing", test_backing},
	{"sizes", test_sizes},
	{"quotas", test_quotas},
	{"SOURCE MOUNTPOINT", test_mount_form},
	{"other options are left to libfuse", test_others_are_left},
	{"help and version", test_help},
	{"malformed options", test_malformed},
	{"bad arguments", test_bad_arguments},
	{"nothing behind -o", test_option_missing},
	{"settle: default", test_settle_default},
	{"settle: limits", test_settle_limits},
};

int main(void)
{
	return run_tests("unit_options", tests, N_TESTS(tests));
}
