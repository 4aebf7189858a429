#include "codec.h"

#include <stdlib.h>
#include <string.h>

struct reader reader_of(const void *data, size_t size)
{
    const uint8_t *at = data;
    return (struct reader){.at = at, .end = size ? at + size : at};
}

const uint8_t *read_bytes(struct reader *in, size_t size)
{
    if (in->broken || (size_t)(in->end - in->at) < size) {
        in->broken = true;
        return NULL;
    }
    const uint8_t *bytes = in->at;
    in->at += size;
    return bytes;
}

static uint64_t little_endian(struct reader *in, size_t size)
{
    const uint8_t *bytes = read_bytes(in, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t read_u8(struct reader *in) { return (uint8_t)little_endian(in, 1); }
uint16_t read_u16(struct reader *in) { return (uint16_t)little_endian(in, 2); }
uint32_t read_u32(struct reader *in) { return (uint32_t)little_endian(in, 4); }
uint64_t read_u64(struct reader *in) { return little_endian(in, 8); }

char *read_string(struct reader *in)
{
    uint32_t size = read_u32(in);
    const uint8_t *bytes = read_bytes(in, size);
    if (bytes && size && memchr(bytes, 0, size)) {
        in->broken = true;
        bytes = NULL;
    }
    if (!bytes)
        return duplicate("");
    char *text = allocate((size_t)size + 1);
    memcpy(text, bytes, size);
    return text;
}

static struct strings read_items(struct reader *in, uint64_t count)
{
    struct strings list = {allocate(sizeof(char *)), 0};
    /* Every string takes four bytes at least, so a count that lies ends at the payload's end, not in memory. */
    if (count > (uint64_t)(in->end - in->at) / 4)
        in->broken = true;
    while (!in->broken && list.count < count)
        strings_add(&list, read_string(in));
    return list;
}

struct strings read_strings(struct reader *in)
{
    uint32_t count = read_u32(in);
    return read_items(in, count);
}

struct strings read_map(struct reader *in)
{
    uint32_t pairs = read_u32(in);
    return read_items(in, (uint64_t)pairs * 2);
}

bool reader_finished(const struct reader *in) { return !in->broken && in->at == in->end; }

void strings_add(struct strings *list, char *owned)
{
    list->items = reallocate(list->items, (list->count + 2) * sizeof(char *));
    list->items[list->count++] = owned;
    list->items[list->count] = NULL;
}

void strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct strings){0};
}

void put_bytes(struct buffer *out, const void *data, size_t size)
{
    if (!size)
        return;
    if (out->capacity - out->size < size) {
        out->capacity = (out->size + size) * 2;
        out->data = reallocate(out->data, out->capacity);
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put_little_endian(struct buffer *out, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    put_bytes(out, bytes, size);
}

void put_u8(struct buffer *out, uint8_t value) { put_bytes(out, &value, 1); }
void put_u16(struct buffer *out, uint16_t value) { put_little_endian(out, value, 2); }
void put_u32(struct buffer *out, uint32_t value) { put_little_endian(out, value, 4); }
void put_u64(struct buffer *out, uint64_t value) { put_little_endian(out, value, 8); }

void put_string(struct buffer *out, const char *text)
{
    put_u32(out, (uint32_t)strlen(text));
    put_bytes(out, text, strlen(text));
}

void buffer_drop(struct buffer *buffer, size_t size)
{
    if (size < buffer->size)
        memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static char **env_find(const struct strings *env, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < env->count; i++)
        if (!strncmp(env->items[i], name, length) && env->items[i][length] == '=')
            return &env->items[i];
    return NULL;
}

const char *env_get(const struct strings *env, const char *name)
{
    char **entry = env_find(env, name);
    return entry ? *entry + strlen(name) + 1 : NULL;
}

void env_set(struct strings *env, const char *name, const char *value)
{
    char *entry = format_text("%s=%s", name, value);
    char **old = env_find(env, name);
    if (old) {
        free(*old);
        *old = entry;
    } else {
        strings_add(env, entry);
    }
}

void env_set_all(struct strings *env, const struct strings *map)
{
    for (size_t i = 0; i + 1 < map->count; i += 2)
        env_set(env, map->items[i], map->items[i + 1]);
}

void env_copy(struct strings *env, const struct strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        strings_add(env, duplicate(from->items[i]));
}

bool env_map_valid(const struct strings *map)
{
    for (size_t i = 0; i + 1 < map->count; i += 2)
        if (!*map->items[i] || strchr(map->items[i], '='))
            return false;
    return true;
}
