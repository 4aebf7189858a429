/* The headers of tar: ustar with PAX records (POSIX.1-2017, pax), and GNU's long names when reading. */
#ifndef SM_TARFORMAT_H
#define SM_TARFORMAT_H

#include "codec.h"

enum { TAR_BLOCK = 512, TAR_EXTENSION_MAX = 1024 * 1024 };

enum tar_type {
    TAR_FILE = '0',
    TAR_HARD_LINK = '1',
    TAR_SYMLINK = '2',
    TAR_CHARACTER = '3',
    TAR_BLOCK_DEVICE = '4',
    TAR_DIRECTORY = '5',
    TAR_FIFO = '6',
    TAR_CONTIGUOUS = '7',
    TAR_PAX = 'x',
    TAR_PAX_GLOBAL = 'g',
    TAR_GNU_NAME = 'L',
    TAR_GNU_LINK = 'K',
};

struct tar_entry {
    char type;
    char *name, *link; /* owned; `link` may be NULL */
    uint32_t mode, uid, gid, major, minor;
    uint64_t size;
    int64_t mtime;
    uint32_t mtime_ns;
};

/* What extended headers said about the entry that follows them. */
struct tar_extension {
    char *name, *link;
    bool has_size, has_uid, has_gid, has_mtime;
    uint64_t size, uid, gid;
    int64_t mtime;
    uint32_t mtime_ns;
};

/* A header, with a PAX header before it for what does not fit into ustar. */
void tar_put_header(struct buffer *, const struct tar_entry *);
size_t tar_padding(uint64_t size); /* bytes of zeros after so many of content */

bool tar_is_zero(const uint8_t block[TAR_BLOCK]);

/* These give NULL, or what is wrong. The entry must be freed with tar_entry_free in either case. */
const char *tar_parse_header(const uint8_t block[TAR_BLOCK], struct tar_entry *);
const char *tar_parse_pax(const uint8_t *records, size_t size, struct tar_extension *);
const char *tar_parse_gnu(char type, const uint8_t *text, size_t size, struct tar_extension *);

/* Puts the extension's values into the entry and empties the extension. */
void tar_apply(struct tar_entry *, struct tar_extension *);

void tar_entry_free(struct tar_entry *);
void tar_extension_free(struct tar_extension *);

#endif
