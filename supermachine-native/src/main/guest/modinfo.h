/* What a kernel module says about itself: its name and what must be loaded before it. */
#ifndef SM_MODINFO_H
#define SM_MODINFO_H

#include "codec.h"

/* The value of a tag ("name", "depends") in the section .modinfo of a 64-bit little-endian ELF file, as fresh memory;
 * NULL if the file is no such thing or the tag is not in it. */
char *modinfo_get(const uint8_t *file, size_t size, const char *tag);

/* The module's name as the kernel knows it, from its file name: no directory, no ".ko", '-' as '_'. */
char *modinfo_name_of(const char *file_name);

/* Whether a name stands in a comma-separated list, '-' and '_' being the same. */
bool modinfo_depends_on(const char *depends, const char *name);

#endif
