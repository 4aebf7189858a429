#include "check.h"

#include "codec.h"

#include <stdlib.h>
#include <string.h>

static void round_trip(void)
{
    struct buffer out = {0};
    put_u8(&out, 0xAB);
    put_u16(&out, 0x1234);
    put_u32(&out, 0xDEADBEEF);
    put_u64(&out, 0x0123456789ABCDEFull);
    put_string(&out, "text");
    put_u32(&out, 2);
    put_string(&out, "one");
    put_string(&out, "");
    put_u32(&out, 1);
    put_string(&out, "KEY");
    put_string(&out, "a=b");
    CHECK(!memcmp(out.data, "\xAB\x34\x12\xEF\xBE\xAD\xDE\xEF\xCD\xAB\x89\x67\x45\x23\x01\x04\0\0\0text", 23));
    struct reader in = reader_of(out.data, out.size);
    CHECK(read_u8(&in) == 0xAB);
    CHECK(read_u16(&in) == 0x1234);
    CHECK(read_u32(&in) == 0xDEADBEEF);
    CHECK(read_u64(&in) == 0x0123456789ABCDEFull);
    char *text = read_string(&in);
    struct strings list = read_strings(&in), map = read_map(&in);
    CHECK_TEXT(text, "text");
    CHECK(list.count == 2 && !list.items[2]);
    CHECK_TEXT(list.items[0], "one");
    CHECK_TEXT(list.items[1], "");
    CHECK(map.count == 2 && env_map_valid(&map));
    CHECK(reader_finished(&in));
    /* Every shorter payload is broken, wherever it is cut. */
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *cut = allocate(size);
        memcpy(cut, out.data, size);
        struct reader part = reader_of(cut, size);
        read_u8(&part);
        read_u16(&part);
        read_u32(&part);
        read_u64(&part);
        free(read_string(&part));
        struct strings cut_list = read_strings(&part), cut_map = read_map(&part);
        CHECK(!reader_finished(&part));
        strings_free(&cut_list);
        strings_free(&cut_map);
        free(cut);
    }
    free(text);
    strings_free(&list);
    strings_free(&map);
    buffer_free(&out);
}

static void malformed(void)
{
    struct reader nul = reader_of("\3\0\0\0a\0b", 7);
    free(read_string(&nul));
    CHECK(nul.broken);
    struct reader huge = reader_of("\xff\xff\xff\xff" "abc", 7);
    free(read_string(&huge));
    CHECK(huge.broken);
    struct reader many = reader_of("\xff\xff\xff\x7f\0\0\0\0", 8);
    struct strings list = read_strings(&many);
    CHECK(many.broken && list.count == 0);
    strings_free(&list);
    struct reader left = reader_of("\1\2", 2);
    read_u8(&left);
    CHECK(!reader_finished(&left));
    struct reader none = reader_of(NULL, 0);
    CHECK(reader_finished(&none));
}

static void environments(void)
{
    struct strings env = {0}, map = {0}, copy = {0};
    env_set(&env, "A", "1");
    env_set(&env, "AB", "2");
    env_set(&env, "A", "3");
    CHECK(env.count == 2);
    CHECK_TEXT(env_get(&env, "A"), "3");
    CHECK(!env_get(&env, "B"));
    strings_add(&map, duplicate("A"));
    strings_add(&map, duplicate(""));
    env_copy(&copy, &env);
    env_set_all(&copy, &map);
    CHECK_TEXT(env_get(&copy, "A"), "");
    CHECK_TEXT(env_get(&env, "A"), "3");
    CHECK(env_map_valid(&map));
    strings_add(&map, duplicate("B=C"));
    strings_add(&map, duplicate("x"));
    CHECK(!env_map_valid(&map));
    strings_free(&env);
    strings_free(&map);
    strings_free(&copy);
}

static void buffers(void)
{
    struct buffer buffer = {0};
    put_bytes(&buffer, "abcdef", 6);
    buffer_drop(&buffer, 2);
    CHECK(buffer.size == 4 && !memcmp(buffer.data, "cdef", 4));
    buffer_drop(&buffer, 4);
    CHECK(buffer.size == 0);
    put_bytes(&buffer, NULL, 0);
    buffer_free(&buffer);
}

void check_codec(void)
{
    round_trip();
    malformed();
    environments();
    buffers();
}
