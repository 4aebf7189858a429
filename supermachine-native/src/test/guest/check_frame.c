#include "check.h"

#include "frame.h"

#include <stdlib.h>
#include <string.h>

static const char *problem_of(uint8_t type, uint8_t flags, uint32_t stream, size_t size)
{
    static uint8_t payload[128];
    struct frame frame = {.type = type, .flags = flags, .stream = stream, .payload = payload, .size = size};
    return frame_problem(&frame);
}

static void rules(void)
{
    CHECK(!problem_of(PING, 0, 0, 64));
    CHECK_TEXT(problem_of(PING, 0, 0, 65), "PING with more than 64 bytes");
    CHECK_TEXT(problem_of(PING, 1, 0, 1), "flags that must be 0");
    CHECK_TEXT(problem_of(PING, 0, 1, 1), "a control frame with a stream number");
    CHECK_TEXT(problem_of(0, 0, 0, 0), "unknown type");
    CHECK_TEXT(problem_of(HELLO, 0, 0, 0), "unknown type"); /* only a guest says it */
    CHECK_TEXT(problem_of(RESULT, 0, 1, 0), "unknown type");
    CHECK_TEXT(problem_of(0x2A, 0, 1, 0), "unknown type");
    CHECK(!problem_of(DATA, 0, 1, 1));
    CHECK(!problem_of(DATA, 0, INT32_MAX, 1));
    CHECK_TEXT(problem_of(DATA, 0, 0, 1), "stream number out of range");
    CHECK_TEXT(problem_of(DATA, 0, 0x80000000u, 1), "stream number out of range");
    CHECK_TEXT(problem_of(DATA, 1, 1, 1), "a subchannel the host may not send on");
    CHECK_TEXT(problem_of(DATA, 0, 1, 0), "empty DATA");
    CHECK(!problem_of(CREDIT, 2, 1, 4));
    CHECK_TEXT(problem_of(CREDIT, 0, 1, 4), "credit for a subchannel the guest does not send on");
    CHECK_TEXT(problem_of(CREDIT, 1, 1, 5), "a payload that must be 4 bytes");
    CHECK_TEXT(problem_of(RESET, 0, 1, 1), "a payload that must be empty");
}

static void whole_and_byte_by_byte(void)
{
    struct buffer out = {0};
    frame_put(&out, PING, 0, 0, 7, "abc", 3);
    frame_put(&out, DATA, 0, 9, 7, "defg", 4);
    CHECK(!memcmp(out.data, "\3\0\0\0\x0d\0\x53\x4d\0\0\0\0\7\0\0\0abc", 19));
    for (size_t step = 1; step <= out.size; step += step < 4 ? 1 : 13) {
        struct decoder decoder = {0};
        struct frame frame;
        const char *problem = NULL;
        int seen = 0;
        for (size_t at = 0; at < out.size; at += step) {
            decoder_feed(&decoder, out.data + at, out.size - at < step ? out.size - at : step);
            while (decoder_next(&decoder, &frame, &problem) == 1) {
                CHECK(frame.epoch == 7);
                if (seen++ == 0)
                    CHECK(frame.type == PING && frame.size == 3 && !memcmp(frame.payload, "abc", 3));
                else
                    CHECK(frame.type == DATA && frame.stream == 9 && !memcmp(frame.payload, "defg", 4));
            }
        }
        CHECK(seen == 2 && !problem);
        buffer_free(&decoder.pending);
    }
    buffer_free(&out);
}

static void refused(void)
{
    static const struct {
        const char *bytes, *problem;
    } cases[] = {
        {"\1\0\1\0\x0d\0\x53\x4d\0\0\0\0\0\0\0\0", "length above 65536"},
        {"\0\0\0\0\x0d\0\x53\x4e\0\0\0\0\0\0\0\0", "wrong magic"},
        {"\0\0\0\0\x77\0\x53\x4d\0\0\0\0\0\0\0\0", "unknown type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct decoder decoder = {0};
        struct frame frame;
        const char *problem = NULL;
        decoder_feed(&decoder, cases[i].bytes, FRAME_HEADER);
        CHECK(decoder_next(&decoder, &frame, &problem) == -1);
        CHECK_TEXT(problem, cases[i].problem);
        buffer_free(&decoder.pending);
    }
}

/* Whatever the bytes: no access outside them, and only frames that keep the rules come out. */
static void fuzz(void)
{
    uint64_t state = 0x5EED;
    size_t good = 0, refusals = 0;
    for (size_t round = 0; round < fuzz_rounds(); round++) {
        struct buffer out = {0};
        uint8_t payload[300];
        static const uint8_t types[] = {PING, OPEN, DATA, CREDIT, END, CONFIGURE, RESUME, SIGNAL, RESET};
        for (int i = 0; i < 3; i++) {
            size_t size = random_next(&state) % sizeof payload;
            random_fill(&state, payload, size);
            uint8_t type = types[random_next(&state) % sizeof types];
            frame_put(&out, type, type == CREDIT, type >= OPEN, 0, payload, type == CREDIT || type == SIGNAL ? 4 : size);
        }
        if (round % 4)
            random_mutate(&state, out.data, out.size);
        struct decoder decoder = {0};
        for (size_t at = 0; at < out.size;) {
            size_t step = 1 + random_next(&state) % 400;
            if (step > out.size - at)
                step = out.size - at;
            decoder_feed(&decoder, out.data + at, step);
            at += step;
            struct frame frame;
            const char *problem = NULL;
            int found;
            while ((found = decoder_next(&decoder, &frame, &problem)) == 1) {
                good++;
                struct reader in = reader_of(frame.payload, frame.size);
                struct strings list = read_strings(&in), map = read_map(&in);
                char *text = read_string(&in);
                if (!frame_problem(&frame) && frame.size <= FRAME_PAYLOAD_MAX && list.items && map.items && text)
                    read_u64(&in);
                else
                    CHECK(!"a frame that breaks the rules came out");
                free(text);
                strings_free(&list);
                strings_free(&map);
            }
            if (found < 0) {
                refusals++;
                break;
            }
        }
        buffer_free(&decoder.pending);
        buffer_free(&out);
    }
    CHECK(good > fuzz_rounds() / 4);
    CHECK(refusals > 0);
}

void check_frame(void)
{
    rules();
    whole_and_byte_by_byte();
    refused();
    fuzz();
}
