/* Bytes from the host as a tar archive, its checksums made right: entries, or a problem; what is written of an entry reads the same. */
#include "fuzz.h"
#include "path.h"
#include "tarformat.h"

#include <stdio.h>
#include <string.h>

static void repair(uint8_t *block)
{
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += block[i];
    snprintf((char *)block + 148, 8, "%06o", sum);
}

static bool same_text(const char *one, const char *other) { return !strcmp(one ? one : "", other ? other : ""); }

static void round_trip(const struct tar_entry *entry)
{
    struct buffer out = {0};
    struct tar_entry again = {0};
    struct tar_extension extension = {0};
    tar_put_header(&out, entry);
    REQUIRE(out.size % TAR_BLOCK == 0 && out.size >= TAR_BLOCK);
    size_t at = out.size - TAR_BLOCK;
    if (at) {
        REQUIRE(!tar_parse_header(out.data, &again) && again.type == TAR_PAX && again.size <= at - TAR_BLOCK);
        REQUIRE(!tar_parse_pax(out.data + TAR_BLOCK, (size_t)again.size, &extension));
        tar_entry_free(&again);
    }
    REQUIRE(!tar_parse_header(out.data + at, &again));
    tar_apply(&again, &extension);
    REQUIRE(again.type == entry->type && same_text(again.name, entry->name));
    if (entry->type == TAR_SYMLINK || entry->type == TAR_HARD_LINK)
        REQUIRE(same_text(again.link, entry->link));
    REQUIRE(again.mode == (entry->mode & 07777) && again.uid == entry->uid && again.gid == entry->gid);
    REQUIRE(again.size == entry->size && again.mtime == entry->mtime && again.mtime_ns == entry->mtime_ns);
    tar_entry_free(&again);
    tar_extension_free(&extension);
    buffer_free(&out);
}

static void check(const struct tar_entry *entry)
{
    REQUIRE(entry->name && entry->mtime_ns < 1000000000);
    char *clean = path_clean(entry->name);
    if (clean) {
        REQUIRE(*clean != '/' && strcmp(clean, "..") && strncmp(clean, "../", 3) && !strstr(clean, "/../"));
        size_t length = strlen(clean);
        REQUIRE(length < 3 || strcmp(clean + length - 3, "/.."));
    }
    free(clean);
    if (entry->type == TAR_FILE || entry->type == TAR_DIRECTORY || entry->type == TAR_SYMLINK)
        round_trip(entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tar_extension extension = {0};
    uint8_t block[TAR_BLOCK];
    const char *problem = NULL;
    for (size_t at = 0; !problem && size - at >= TAR_BLOCK;) {
        memcpy(block, data + at, TAR_BLOCK);
        at += TAR_BLOCK;
        if (tar_is_zero(block))
            break;
        repair(block);
        struct tar_entry entry = {0};
        problem = tar_parse_header(block, &entry);
        bool gnu = entry.type == TAR_GNU_NAME || entry.type == TAR_GNU_LINK;
        bool extended = gnu || entry.type == TAR_PAX || entry.type == TAR_PAX_GLOBAL;
        uint64_t length = entry.size;
        if (!problem && extended && length <= size - at && length <= TAR_EXTENSION_MAX) {
            if (gnu)
                problem = tar_parse_gnu(entry.type, data + at, (size_t)length, &extension);
            else if (entry.type == TAR_PAX)
                problem = tar_parse_pax(data + at, (size_t)length, &extension);
        } else if (!problem && !extended) {
            tar_apply(&entry, &extension);
            length = entry.size;
            check(&entry);
        }
        tar_entry_free(&entry);
        if (length > size - at || tar_padding(length) > size - at - length)
            break;
        at += (size_t)length + tar_padding(length);
    }
    tar_extension_free(&extension);
    return 0;
}
