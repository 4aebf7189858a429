#include "check.h"

#include "tarformat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads one entry with the extended headers before it; the problem, or NULL. */
static const char *parse(const uint8_t *tar, size_t size, struct tar_entry *entry)
{
    struct tar_extension extension = {0};
    const char *problem = NULL;
    *entry = (struct tar_entry){0};
    for (size_t at = 0; !problem; at += TAR_BLOCK) {
        if (size - at < TAR_BLOCK) {
            problem = "cut";
            break;
        }
        tar_entry_free(entry);
        problem = tar_parse_header(tar + at, entry);
        bool gnu = entry->type == TAR_GNU_NAME || entry->type == TAR_GNU_LINK;
        if (problem || (entry->type != TAR_PAX && !gnu))
            break;
        at += TAR_BLOCK;
        if (entry->size > size - at) {
            problem = "cut";
            break;
        }
        problem = gnu ? tar_parse_gnu(entry->type, tar + at, (size_t)entry->size, &extension)
                      : tar_parse_pax(tar + at, (size_t)entry->size, &extension);
        at += (size_t)(entry->size + tar_padding(entry->size)) - TAR_BLOCK;
        if (at > size - TAR_BLOCK)
            problem = problem ? problem : "cut";
    }
    if (!problem)
        tar_apply(entry, &extension);
    tar_extension_free(&extension);
    return problem;
}

static void same(const struct tar_entry *wanted, bool extended)
{
    struct buffer out = {0};
    struct tar_entry found;
    tar_put_header(&out, wanted);
    CHECK(out.size % TAR_BLOCK == 0 && (out.size > TAR_BLOCK) == extended);
    CHECK(!parse(out.data, out.size, &found));
    CHECK_TEXT(found.name, wanted->name);
    CHECK_TEXT(found.link, wanted->link ? wanted->link : "");
    CHECK(found.type == wanted->type && found.mode == (wanted->mode & 07777) && found.size == wanted->size);
    CHECK(found.uid == wanted->uid && found.gid == wanted->gid);
    CHECK(found.mtime == wanted->mtime && found.mtime_ns == wanted->mtime_ns);
    CHECK(found.major == wanted->major && found.minor == wanted->minor);
    tar_entry_free(&found);
    buffer_free(&out);
}

static void round_trips(void)
{
    char name[401];
    memset(name, 'n', 400);
    name[400] = 0;
    struct tar_entry plain = {.type = TAR_FILE, .name = "a/b", .mode = 0100644, .uid = 1, .gid = 2, .size = 3, .mtime = 4};
    struct tar_entry changed = plain;
    same(&plain, false);
    /* Every length of a name around the limits, for the record's length that counts itself. */
    for (int length = 1; length <= 400; length++) {
        changed.name = name + 400 - length;
        same(&changed, length > 100);
    }
    changed = plain;
    changed.type = TAR_SYMLINK;
    changed.link = name;
    same(&changed, true);
    changed = plain;
    changed.size = 077777777777ull;
    same(&changed, false);
    changed.size++;
    same(&changed, true);
    changed = plain;
    changed.uid = 07777777;
    same(&changed, false);
    changed.uid++;
    changed.gid = UINT32_MAX;
    same(&changed, true);
    changed = plain;
    changed.mtime_ns = 1;
    same(&changed, true);
    changed.mtime = -2; /* -1.999999999 s */
    same(&changed, true);
    changed.mtime_ns = 0;
    same(&changed, true);
    changed.mtime = 1ll << 40;
    same(&changed, true);
    struct tar_entry device = {.type = TAR_CHARACTER, .name = "null", .mode = 0666, .major = 1, .minor = 3};
    same(&device, false);
}

static void pax(const char *records, const char *wanted)
{
    struct tar_extension extension = {0};
    const char *problem = tar_parse_pax((const uint8_t *)records, strlen(records), &extension);
    if (wanted)
        CHECK_TEXT(problem, wanted);
    else
        CHECK(!problem);
    tar_extension_free(&extension);
}

static void malformed(void)
{
    static const char broken[] = "an extended header is broken", number[] = "a number in an extended header is broken";
    pax("", NULL);
    pax("12 path=abc\n", NULL);
    pax("12 path=abc\n12 path=abd\n", NULL);
    pax("20 SCHILY.xattr.u=v\n", NULL);
    pax("12 path=abc", broken);
    pax("13 path=abc\n", broken);
    pax("11 path=abc\n", broken);
    pax("99999999999999999999 path=abc\n", broken);
    pax("x path=abc\n", broken);
    pax("11 pathabc\n", broken);
    pax("3 \n", broken);
    pax("8 path=\n", "a name in an extended header is empty or has a NUL in it");
    pax("10 size=x\n", number);
    pax("11 size=-1\n", number);
    pax("18 uid=4294967296\n", number);
    pax("13 mtime=1.x\n", number);
    pax("22 GNU.sparse.major=1\n", "it holds a sparse file, which is not supported");

    struct buffer out = {0};
    struct tar_entry entry = {.type = TAR_FILE, .name = "f", .size = 5}, found;
    tar_put_header(&out, &entry);
    for (int i = 0; i < TAR_BLOCK; i++) { /* any changed byte is seen */
        out.data[i] ^= 1;
        const char *problem = tar_parse_header(out.data, &found);
        CHECK(problem);
        tar_entry_free(&found);
        out.data[i] ^= 1;
    }
    uint8_t zeros[TAR_BLOCK] = {0};
    CHECK(tar_is_zero(zeros));
    CHECK(!tar_is_zero(out.data));
    buffer_free(&out);
}

static void gnu_numbers(void)
{
    struct buffer out = {0};
    struct tar_entry entry = {.type = TAR_FILE, .name = "f"}, found;
    tar_put_header(&out, &entry);
    memcpy(out.data + 124, "\x80\0\0\0\0\0\0\x01\0\0\0\0", 12); /* size in base 256: 2^32 */
    memcpy(out.data + 148, "        ", 8);
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK; i++)
        sum += out.data[i];
    char text[16];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(out.data + 148, text, 7);
    CHECK(!tar_parse_header(out.data, &found));
    CHECK(found.size == 1ull << 32);
    tar_entry_free(&found);
    buffer_free(&out);
}

static void fuzz(void)
{
    uint64_t state = 1234;
    for (size_t round = 0; round < fuzz_rounds(); round++) {
        char name[200];
        memset(name, 'n', sizeof name - 1);
        name[sizeof name - 1] = 0;
        struct tar_entry entry = {.type = TAR_FILE, .name = name + random_next(&state) % 190,
                                  .size = random_next(&state) >> (1 + random_next(&state) % 63),
                                  .mtime = (int64_t)random_next(&state) >> (1 + random_next(&state) % 62), .mtime_ns = 5};
        struct buffer out = {0};
        struct tar_entry found;
        tar_put_header(&out, &entry);
        random_mutate(&state, out.data, out.size);
        parse(out.data, out.size, &found);
        tar_entry_free(&found);
        /* Past the checksum, which stops nearly everything: the records of the extended header alone. */
        if (out.size > 2 * TAR_BLOCK) {
            struct tar_extension extension = {0};
            tar_parse_pax(out.data + TAR_BLOCK, out.size - 2 * TAR_BLOCK, &extension);
            tar_extension_free(&extension);
        }
        buffer_free(&out);
    }
    CHECK(true);
}

void check_tar(void)
{
    round_trips();
    malformed();
    gnu_numbers();
    fuzz();
}
