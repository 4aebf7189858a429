/* The values of docs/agent-protocol.md in payloads: integers, strings, lists, maps. */
#ifndef SM_CODEC_H
#define SM_CODEC_H

#include "util.h"

/* A reader never runs past its end: after the first broken value `broken` stays set and every read gives zero. */
struct reader {
    const uint8_t *at, *end;
    bool broken;
};

/* A list of texts; `items` ends with a NULL, as execve wants it. */
struct strings {
    char **items;
    size_t count;
};

struct buffer {
    uint8_t *data;
    size_t size, capacity;
};

struct reader reader_of(const void *data, size_t size);
uint8_t read_u8(struct reader *);
uint16_t read_u16(struct reader *);
uint32_t read_u32(struct reader *);
uint64_t read_u64(struct reader *);
const uint8_t *read_bytes(struct reader *, size_t size);
char *read_string(struct reader *);           /* fresh memory, "" when broken; a NUL inside breaks it */
struct strings read_strings(struct reader *); /* list<string> */
struct strings read_map(struct reader *);     /* key, value, key, value … */
bool reader_finished(const struct reader *);  /* nothing broken, nothing left over */

void strings_add(struct strings *, char *owned);
void strings_free(struct strings *);

void put_bytes(struct buffer *, const void *data, size_t size);
void put_u8(struct buffer *, uint8_t);
void put_u16(struct buffer *, uint16_t);
void put_u32(struct buffer *, uint32_t);
void put_u64(struct buffer *, uint64_t);
void put_string(struct buffer *, const char *);
void buffer_drop(struct buffer *, size_t size); /* the first `size` bytes */
void buffer_free(struct buffer *);

/* An environment is a `struct strings` of NAME=value. */
const char *env_get(const struct strings *env, const char *name);
void env_set(struct strings *env, const char *name, const char *value);
void env_set_all(struct strings *env, const struct strings *map); /* a map of read_map */
void env_copy(struct strings *env, const struct strings *from);
bool env_map_valid(const struct strings *map); /* no empty name, no '=' in a name */

#endif
