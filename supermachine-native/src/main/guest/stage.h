/* Files that are put in place before a command runs: their list, and their content as it comes. */
#ifndef SM_STAGE_H
#define SM_STAGE_H

#include "codec.h"
#include "filewrite.h"
#include "users.h"

struct stage {
    struct strings paths;
    uint32_t *modes;
    uint64_t *sizes;
    size_t next; /* the file that comes next; those before it are in place, but for `open` */
    bool open;
    uint64_t left; /* what is still to come of the open one */
    struct file_write file;
};

/* Reads list<path, mode, size>; a list that is broken breaks the reader, and leaves what stage_free takes. */
struct stage stage_read(struct reader *);

/* Takes what belongs to the files from `*bytes` on, and leaves the rest. Those that are new belong to `owner`. 0; or an errno and a
   fresh message that names the path. Also to be called without bytes, once: there may be nothing to wait for. */
int stage_take(struct stage *, const struct identity *owner, const uint8_t **bytes, size_t *size, char **message);

bool stage_finished(const struct stage *);

void stage_free(struct stage *);

#endif
