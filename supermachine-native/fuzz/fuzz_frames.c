/* Bytes from the host as frames: the same whatever pieces they come in, and payloads that are read without a step beyond. */
#include "frame.h"
#include "fuzz.h"

#include <string.h>

static void read_payload(const struct frame *frame)
{
    struct reader texts = reader_of(frame->payload, frame->size);
    struct strings list = read_strings(&texts);
    for (size_t i = 0; i < list.count; i++)
        REQUIRE(list.items[i] && strlen(list.items[i]) <= frame->size);
    REQUIRE(!list.items[list.count]);
    REQUIRE(list.count <= frame->size / 4 + 1);

    struct reader pairs = reader_of(frame->payload, frame->size);
    struct strings map = read_map(&pairs), env = {0};
    if (reader_finished(&pairs)) {
        REQUIRE(map.count % 2 == 0);
        if (env_map_valid(&map)) {
            env_set_all(&env, &map);
            REQUIRE(env.count <= map.count / 2);
            for (size_t i = 0; i + 1 < map.count; i += 2)
                REQUIRE(env_get(&env, map.items[i]));
        }
    }
    strings_free(&env);
    strings_free(&list);
    strings_free(&map);

    struct reader numbers = reader_of(frame->payload, frame->size);
    while (!numbers.broken && numbers.at < numbers.end) {
        read_u8(&numbers);
        read_u16(&numbers);
        read_u32(&numbers);
        read_u64(&numbers);
        free(read_string(&numbers));
    }
    REQUIRE(numbers.at <= numbers.end);
}

/* Everything that is decoded, encoded again. Pieces of so many bytes; -1 at the end if the bytes are no frames. */
static int decode(const uint8_t *data, size_t size, size_t piece, struct buffer *again)
{
    struct decoder decoder = {0};
    struct frame frame;
    const char *problem = NULL;
    int found = 0;
    for (size_t at = 0; at < size && found >= 0; at += piece) {
        decoder_feed(&decoder, data + at, size - at < piece ? size - at : piece);
        while ((found = decoder_next(&decoder, &frame, &problem)) > 0) {
            REQUIRE(frame.size <= FRAME_PAYLOAD_MAX && !frame_problem(&frame));
            frame_put(again, frame.type, frame.flags, frame.stream, frame.epoch, frame.payload, frame.size);
            if (piece >= size)
                read_payload(&frame);
        }
        REQUIRE(found == 0 || problem);
    }
    buffer_free(&decoder.pending);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole = {0}, pieces = {0};
    int one = decode(data, size, size ? size : 1, &whole);
    int other = decode(data, size, 1 + size % 23, &pieces);
    REQUIRE(one == other && whole.size == pieces.size);
    REQUIRE(!whole.size || !memcmp(whole.data, pieces.data, whole.size));
    REQUIRE(whole.size <= size && (!whole.size || !memcmp(whole.data, data, whole.size)));
    buffer_free(&whole);
    buffer_free(&pieces);
    return 0;
}
