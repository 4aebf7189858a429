#include "check.h"

#include "logring.h"

#include <stdlib.h>
#include <string.h>

/* Everything the cursor can see; one output's text, and how much it was. */
static size_t drain(const struct log_ring *ring, struct log_cursor *cursor, int output, char *text)
{
    const uint8_t *at;
    size_t size, total = 0;
    int from;
    while ((from = log_ring_peek(ring, cursor, &at, &size))) {
        if (from == output) {
            memcpy(text + total, at, size);
            total += size;
        }
        log_ring_take(ring, cursor, size);
    }
    text[total] = 0;
    return total;
}

static void in_order(void)
{
    struct log_ring ring;
    char text[256];
    log_ring_init(&ring, 1024);
    log_ring_put(&ring, 1, "one ", 4);
    log_ring_put(&ring, 2, "error", 5);
    log_ring_put(&ring, 1, "two", 3);
    struct log_cursor out = {0}, err = {0};
    CHECK(drain(&ring, &out, 1, text) == 7);
    CHECK_TEXT(text, "one two");
    CHECK(drain(&ring, &err, 2, text) == 5);
    CHECK_TEXT(text, "error");
    /* A reader at the end sees what is added to the record on which it stands. */
    log_ring_put(&ring, 1, " three", 6);
    CHECK(drain(&ring, &out, 1, text) == 6);
    CHECK_TEXT(text, " three");
    CHECK(out.lost == 0 && drain(&ring, &out, 1, text) == 0);
    log_ring_free(&ring);
}

static void small_writes_share_a_record(void)
{
    struct log_ring ring;
    log_ring_init(&ring, 1024);
    for (int i = 0; i < 800; i++)
        log_ring_put(&ring, 1, "x", 1);
    CHECK(ring.dropped == 0);
    log_ring_free(&ring);
}

/* Against a model that keeps everything: what is seen is always the end of what was written, and lost + seen = all. */
static void overwritten(void)
{
    uint64_t state = 99;
    for (int round = 0; round < 300; round++) {
        struct log_ring ring;
        size_t capacity = 64 + random_next(&state) % 512, written = 0;
        static char all[100000], seen[100000];
        log_ring_init(&ring, capacity);
        struct log_cursor follower = {0};
        size_t followed = 0, before_late = 0;
        struct log_cursor late = {0};
        int late_from = (int)(random_next(&state) % 60);
        for (int i = 0; i < 60; i++) {
            if (i == late_from) {
                late = log_ring_end(&ring);
                before_late = written;
                CHECK(late.taken == written);
            }
            uint8_t part[300];
            size_t size = random_next(&state) % (i % 10 ? 40 : sizeof part);
            random_fill(&state, part, size);
            log_ring_put(&ring, 1 + (int)(random_next(&state) & 1), part, size);
            memcpy(all + written, part, size);
            written += size;
            const uint8_t *at;
            size_t available;
            if (random_next(&state) % 3 == 0 && log_ring_peek(&ring, &follower, &at, &available)) {
                size_t take = 1 + random_next(&state) % available;
                followed = (size_t)follower.taken;
                if (memcmp(at, all + followed, take))
                    CHECK(!"the follower saw other bytes than were written");
                log_ring_take(&ring, &follower, take);
            }
        }
        struct log_cursor reader = {0};
        const uint8_t *at;
        size_t size, total = 0;
        while (log_ring_peek(&ring, &reader, &at, &size)) {
            memcpy(seen + total, at, size);
            total += size;
            log_ring_take(&ring, &reader, size);
        }
        CHECK(reader.lost + total == written);
        CHECK(total <= capacity && !memcmp(seen, all + written - total, total));
        /* Who came late sees nothing of what was there before. */
        for (total = 0; log_ring_peek(&ring, &late, &at, &size); total += size) {
            memcpy(seen + total, at, size);
            log_ring_take(&ring, &late, size);
        }
        CHECK(before_late + late.lost + total == written && !memcmp(seen, all + written - total, total));
        log_ring_free(&ring);
    }
}

void check_logring(void)
{
    in_order();
    small_writes_share_a_record();
    overwritten();
}
