#include "logring.h"

#include <stdlib.h>
#include <string.h>

/* A record is a header of four bytes (size, and the output in the top byte) and its text. */
enum { HEADER = 4, RECORD_MAX = 65536 };

void log_ring_init(struct log_ring *ring, size_t capacity)
{
    *ring = (struct log_ring){.bytes = allocate(capacity), .capacity = capacity};
}

void log_ring_free(struct log_ring *ring)
{
    free(ring->bytes);
    *ring = (struct log_ring){0};
}

static uint32_t header_at(const struct log_ring *ring, uint64_t position)
{
    uint32_t header = 0;
    for (unsigned i = 0; i < HEADER; i++)
        header |= (uint32_t)ring->bytes[(position + i) % ring->capacity] << (8 * i);
    return header;
}

static void set_header(struct log_ring *ring, uint64_t position, int output, size_t size)
{
    uint32_t header = (uint32_t)output << 24 | (uint32_t)size;
    for (unsigned i = 0; i < HEADER; i++)
        ring->bytes[(position + i) % ring->capacity] = (uint8_t)(header >> (8 * i));
}

static size_t size_of(uint32_t header) { return header & 0xffffff; }

static void make_room(struct log_ring *ring, size_t size)
{
    while (ring->first < ring->end && ring->capacity - (ring->end - ring->first) < size) {
        size_t text = size_of(header_at(ring, ring->first));
        ring->first += HEADER + text;
        ring->dropped += text;
    }
}

static void put_text(struct log_ring *ring, const uint8_t *text, size_t size)
{
    size_t at = (size_t)(ring->end % ring->capacity);
    size_t head = size < ring->capacity - at ? size : ring->capacity - at;
    memcpy(ring->bytes + at, text, head);
    memcpy(ring->bytes, text + head, size - head);
    ring->end += size;
}

void log_ring_put(struct log_ring *ring, int output, const void *text, size_t size)
{
    const uint8_t *at = text;
    size_t most = ring->capacity / 4 < RECORD_MAX ? ring->capacity / 4 : RECORD_MAX;
    while (size) {
        size_t part = size < most ? size : most;
        make_room(ring, HEADER + part);
        /* Small writes join the record before, else a program that writes byte by byte would fill it with headers. */
        uint32_t newest = ring->first < ring->end ? header_at(ring, ring->last) : 0;
        if (newest >> 24 == (uint32_t)output && size_of(newest) + part <= most) {
            set_header(ring, ring->last, output, size_of(newest) + part);
        } else {
            ring->last = ring->end;
            ring->end += HEADER;
            set_header(ring, ring->last, output, part);
        }
        put_text(ring, at, part);
        at += part;
        size -= part;
    }
}

struct log_cursor log_ring_end(const struct log_ring *ring)
{
    if (ring->first == ring->end)
        return (struct log_cursor){.at = ring->end, .taken = ring->dropped};
    /* On the newest record, because that may grow. */
    struct log_cursor cursor = {.at = ring->last, .within = size_of(header_at(ring, ring->last)), .taken = ring->dropped};
    for (uint64_t at = ring->first; at < ring->end; at += HEADER + size_of(header_at(ring, at)))
        cursor.taken += size_of(header_at(ring, at));
    return cursor;
}

int log_ring_peek(const struct log_ring *ring, struct log_cursor *cursor, const uint8_t **text, size_t *size)
{
    if (cursor->at < ring->first) {
        cursor->lost += ring->dropped - cursor->taken;
        cursor->taken = ring->dropped;
        cursor->at = ring->first;
        cursor->within = 0;
    }
    while (cursor->at < ring->end) {
        uint32_t header = header_at(ring, cursor->at);
        if (cursor->within < size_of(header)) {
            size_t at = (size_t)((cursor->at + HEADER + cursor->within) % ring->capacity);
            size_t left = size_of(header) - cursor->within;
            *text = ring->bytes + at;
            *size = left < ring->capacity - at ? left : ring->capacity - at;
            return (int)(header >> 24);
        }
        if (cursor->at + HEADER + size_of(header) == ring->end)
            return 0; /* stay on the newest record, it may grow */
        cursor->at += HEADER + size_of(header);
        cursor->within = 0;
    }
    return 0;
}

void log_ring_take(const struct log_ring *ring, struct log_cursor *cursor, size_t size)
{
    (void)ring;
    cursor->within += size;
    cursor->taken += size;
}
