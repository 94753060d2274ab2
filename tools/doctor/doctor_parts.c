/* SPDX-License-Identifier: MIT */
/* doctor: are the other parts of msharefs there, and of this release? */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where Debian's package puts it, or "make install". */
static void mend_install(struct finding *f)
{
	if (!strncmp(MSHAREFS_PATH, "/usr/bin/", 9))
		mend_as_root(f, "apt-get install -y --reinstall msharefs");
	else
		mend_as_root(f, "make install");
}

void doctor_preload(struct finding *f, const char *mount)
{
	const char *lib = getenv("MSHAREFS_PRELOAD");
	bool named = lib && *lib;
	char said[DOCTOR_TEXT / 2];
	int status;

	(void)mount;
	if (!named)
		lib = PRELOAD_PATH;
	if (access(lib, R_OK)) {
		found(f, DOCTOR_MISSING, "%.300s: %s%s", lib, strerror(errno),
		      named ? " ($MSHAREFS_PRELOAD)" : "");
	} else if (strpbrk(lib, ": ")) {
		found(f, DOCTOR_MISSING,
		      "%.300s: the dynamic linker takes no path with a blank "
		      "or a colon%s",
		      lib, named ? " ($MSHAREFS_PRELOAD)" : "");
	} else {
		status =
			run_program("/bin/true", NULL, lib, said, sizeof(said));
		if (!status && !*said) {
			found(f, DOCTOR_OK, "tried: %.300s", lib);
			return;
		}
		found(f, DOCTOR_MISSING, "%.200s cannot be loaded: %s", lib,
		      *said ? said : "/bin/true fails with it");
	}
	if (named)
		mend(f, "unset MSHAREFS_PRELOAD");
	else
		mend_install(f);
}

void doctor_daemon(struct finding *f, const char *mount)
{
	static const char wanted[] = "msharefs " PACKAGE_VERSION ",";
	const char *path = getenv("MSHAREFS");
	bool named = path && *path;
	char said[DOCTOR_TEXT / 2];
	int status;

	(void)mount;
	if (!named)
		path = MSHAREFS_PATH;
	status = run_program(path, "--version", NULL, said, sizeof(said));
	if (WIFSIGNALED(status)) {
		found(f, DOCTOR_MISSING, "%.300s --version %s", path,
		      WTERMSIG(status) == SIGALRM ? "hangs" : "crashes");
	} else if (status) {
		found(f, DOCTOR_MISSING, "%s", said);
	} else if (strncmp(said, wanted, sizeof(wanted) - 1) != 0) {
		found(f, DOCTOR_DEGRADED,
		      "%.200s is \"%.200s\", msharectl is of " PACKAGE_VERSION,
		      path, said);
	} else {
		found(f, DOCTOR_OK, "%s", said);
		return;
	}
	if (named)
		mend(f, "unset MSHAREFS");
	else
		mend_install(f);
}
