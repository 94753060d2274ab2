/* SPDX-License-Identifier: MIT */
/* Parses and prints protections. */
#include "prot.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static const char letters[] = "rwx";
static const uint32_t bits[] = {PROT_READ, PROT_WRITE, PROT_EXEC};

int prot_parse(const char *text, uint32_t *prot)
{
	*prot = PROT_NONE;
	if (!strcmp(text, "none"))
		return 0;
	if (!*text || strlen(text) > 3)
		return -EINVAL;
	for (; *text; text++) {
		const char *letter = strchr(letters, *text);

		if (*text == '-')
			continue;
		if (!letter || *prot & bits[letter - letters])
			return -EINVAL;
		*prot |= bits[letter - letters];
	}
	return 0;
}

const char *prot_text(uint32_t prot, char text[PROT_TEXT])
{
	for (int i = 0; i < 3; i++)
		text[i] = prot & bits[i] ? letters[i] : '-';
	text[3] = 0;
	return text;
}
