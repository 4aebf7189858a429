/* The last MiB of what the workload wrote, both of its outputs in the order in which they came. */
#ifndef SM_LOGRING_H
#define SM_LOGRING_H

#include "util.h"

struct log_ring {
    uint8_t *bytes;
    size_t capacity;
    uint64_t first, end; /* positions since the beginning; the ring holds [first, end) */
    uint64_t last;       /* position of the newest record, if the ring is not empty */
    uint64_t dropped;    /* bytes of text that are no longer there */
};

/* A place in the ring. Starts as zeros, at the oldest byte kept, or from log_ring_end. */
struct log_cursor {
    uint64_t at;      /* position of a record, or past `first` */
    size_t within;    /* text bytes of that record already taken */
    uint64_t taken;   /* text bytes taken or skipped */
    uint64_t lost;    /* text bytes that were gone before this cursor got to them */
};

void log_ring_init(struct log_ring *, size_t capacity);
void log_ring_free(struct log_ring *);
void log_ring_put(struct log_ring *, int output, const void *text, size_t size);

/* A cursor for what comes after all that has come so far. */
struct log_cursor log_ring_end(const struct log_ring *);

/* The output (1 or 2) of the text at the cursor and the text itself, as far as it lies together; 0 at the end. */
int log_ring_peek(const struct log_ring *, struct log_cursor *, const uint8_t **text, size_t *size);
void log_ring_take(const struct log_ring *, struct log_cursor *, size_t size);

#endif
