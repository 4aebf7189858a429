#include "tarformat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of a ustar header: offset and length. */
struct field {
    size_t at, length;
};
static const struct field NAME = {0, 100}, MODE = {100, 8}, UID = {108, 8}, GID = {116, 8}, SIZE = {124, 12},
                          MTIME = {136, 12}, CHECKSUM = {148, 8}, TYPE = {156, 1}, LINK = {157, 100},
                          MAGIC = {257, 6}, MAJOR = {329, 8}, MINOR = {337, 8}, PREFIX = {345, 155};

size_t tar_padding(uint64_t size) { return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK); }

bool tar_is_zero(const uint8_t block[TAR_BLOCK])
{
    for (int i = 0; i < TAR_BLOCK; i++)
        if (block[i])
            return false;
    return true;
}

void tar_entry_free(struct tar_entry *entry)
{
    free(entry->name);
    free(entry->link);
    *entry = (struct tar_entry){0};
}

void tar_extension_free(struct tar_extension *extension)
{
    free(extension->name);
    free(extension->link);
    *extension = (struct tar_extension){0};
}

static void put_octal(uint8_t *block, struct field field, uint64_t value)
{
    char text[32];
    uint64_t most = (1ull << (3 * (field.length - 1))) - 1;
    snprintf(text, sizeof text, "%0*llo", (int)field.length - 1, (unsigned long long)(value > most ? 0 : value));
    memcpy(block + field.at, text, field.length);
}

static bool fits_octal(struct field field, uint64_t value) { return value < 1ull << (3 * (field.length - 1)); }

static void put_block(struct buffer *out, const struct tar_entry *entry)
{
    uint8_t block[TAR_BLOCK] = {0};
    size_t name = strlen(entry->name), link = entry->link ? strlen(entry->link) : 0;
    memcpy(block + NAME.at, entry->name, name < NAME.length ? name : NAME.length);
    if (link)
        memcpy(block + LINK.at, entry->link, link < LINK.length ? link : LINK.length);
    put_octal(block, MODE, entry->mode & 07777);
    put_octal(block, UID, entry->uid);
    put_octal(block, GID, entry->gid);
    put_octal(block, SIZE, entry->size);
    put_octal(block, MTIME, entry->mtime < 0 ? 0 : (uint64_t)entry->mtime);
    block[TYPE.at] = (uint8_t)entry->type;
    memcpy(block + MAGIC.at, "ustar\00000", 8);
    put_octal(block, MAJOR, entry->major);
    put_octal(block, MINOR, entry->minor);
    memset(block + CHECKSUM.at, ' ', CHECKSUM.length);
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK; i++)
        sum += block[i];
    put_octal(block, (struct field){CHECKSUM.at, 7}, sum);
    put_bytes(out, block, sizeof block);
}

/* A record is "LENGTH key=value\n", and the length counts its own digits. */
static void put_record(struct buffer *out, const char *key, const char *value)
{
    size_t rest = strlen(key) + strlen(value) + 3, length = rest;
    char digits[24];
    for (;;) {
        size_t with_digits = rest + (size_t)snprintf(digits, sizeof digits, "%zu", length);
        if (with_digits == length)
            break;
        length = with_digits;
    }
    char *record = format_text("%zu %s=%s\n", length, key, value);
    put_bytes(out, record, length);
    free(record);
}

static void put_number_record(struct buffer *out, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_record(out, key, text);
}

void tar_put_header(struct buffer *out, const struct tar_entry *entry)
{
    struct buffer records = {0};
    static const uint8_t zeros[TAR_BLOCK];
    if (strlen(entry->name) > NAME.length)
        put_record(&records, "path", entry->name);
    if (entry->link && strlen(entry->link) > LINK.length)
        put_record(&records, "linkpath", entry->link);
    if (!fits_octal(SIZE, entry->size))
        put_number_record(&records, "size", entry->size);
    if (!fits_octal(UID, entry->uid))
        put_number_record(&records, "uid", entry->uid);
    if (!fits_octal(GID, entry->gid))
        put_number_record(&records, "gid", entry->gid);
    if (entry->mtime_ns || entry->mtime < 0 || !fits_octal(MTIME, (uint64_t)entry->mtime)) {
        /* Below zero the fraction still counts upwards: -1.5 s is -2 s and 500000000 ns. */
        bool negative = entry->mtime < 0;
        int64_t seconds = negative && entry->mtime_ns ? entry->mtime + 1 : entry->mtime;
        uint32_t fraction = negative && entry->mtime_ns ? 1000000000u - entry->mtime_ns : entry->mtime_ns;
        char *text = format_text("%s%lld.%09u", negative ? "-" : "", (long long)(negative ? -seconds : seconds), fraction);
        put_record(&records, "mtime", text);
        free(text);
    }
    if (records.size) {
        struct tar_entry header = {.type = TAR_PAX, .name = "PaxHeaders/entry", .mode = 0644, .size = records.size};
        put_block(out, &header);
        put_bytes(out, records.data, records.size);
        put_bytes(out, zeros, tar_padding(records.size));
        buffer_free(&records);
    }
    put_block(out, entry);
}

/* Octal with leading and trailing blanks or NULs, or GNU's base 256; false if it is neither. */
static bool get_number(const uint8_t *block, struct field field, int64_t *value)
{
    const uint8_t *at = block + field.at, *end = at + field.length;
    if (*at & 0x80) {
        bool negative = *at & 0x40;
        int64_t result = negative ? -1 : 0;
        for (size_t i = field.length > 8 ? field.length - 8 : 1; i < field.length; i++)
            result = (int64_t)((uint64_t)result << 8 | at[i]);
        /* What does not fit into 64 bits is no size and no time. */
        for (size_t i = 1; field.length > 8 && i < field.length - 8; i++)
            if (at[i] != (negative ? 0xff : 0))
                return false;
        *value = result;
        return negative == (result < 0);
    }
    while (at < end && *at == ' ')
        at++;
    uint64_t result = 0;
    while (at < end && *at >= '0' && *at <= '7')
        result = result * 8 + (uint64_t)(*at++ - '0');
    while (at < end && (*at == ' ' || *at == 0))
        at++;
    *value = (int64_t)result;
    return at == end && result <= INT64_MAX;
}

static bool checksum_matches(const uint8_t *block)
{
    int64_t wanted, sum = 0, signed_sum = 0; /* old tars added the bytes as signed */
    if (!get_number(block, CHECKSUM, &wanted))
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        uint8_t byte = i >= CHECKSUM.at && i < CHECKSUM.at + CHECKSUM.length ? ' ' : block[i];
        sum += byte;
        signed_sum += (int8_t)byte;
    }
    return wanted == sum || wanted == signed_sum;
}

const char *tar_parse_header(const uint8_t block[TAR_BLOCK], struct tar_entry *entry)
{
    int64_t mode, uid, gid, size, mtime, major = 0, minor = 0;
    *entry = (struct tar_entry){0};
    if (!checksum_matches(block))
        return "the checksum of a header is wrong; this is no tar, or a damaged one";
    bool ustar = !memcmp(block + MAGIC.at, "ustar", 5);
    if (!get_number(block, MODE, &mode) || !get_number(block, UID, &uid) || !get_number(block, GID, &gid) ||
        !get_number(block, SIZE, &size) || !get_number(block, MTIME, &mtime))
        return "a number in a header is broken";
    entry->type = block[TYPE.at] ? (char)block[TYPE.at] : TAR_FILE;
    bool device = entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE;
    if (ustar && device && (!get_number(block, MAJOR, &major) || !get_number(block, MINOR, &minor)))
        return "a device number in a header is broken";
    if (size < 0 || uid < 0 || gid < 0 || uid > UINT32_MAX || gid > UINT32_MAX || major < 0 || minor < 0)
        return "a number in a header is out of range";
    const char *name = (const char *)block + NAME.at, *prefix = (const char *)block + PREFIX.at;
    /* GNU's own format keeps other things where ustar has the prefix. */
    bool has_prefix = !memcmp(block + MAGIC.at, "ustar\0", 6) && *prefix;
    entry->name = format_text("%.*s%s%.*s", has_prefix ? (int)PREFIX.length : 0, prefix, has_prefix ? "/" : "",
                              (int)NAME.length, name);
    entry->link = format_text("%.*s", (int)LINK.length, (const char *)block + LINK.at);
    entry->mode = (uint32_t)mode & 07777;
    entry->uid = (uint32_t)uid;
    entry->gid = (uint32_t)gid;
    entry->size = (uint64_t)size;
    entry->mtime = mtime;
    entry->major = (uint32_t)major;
    entry->minor = (uint32_t)minor;
    return NULL;
}

static bool decimal(const uint8_t *text, size_t size, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || *value > (INT64_MAX - 9) / 10)
            return false;
        *value = *value * 10 + (uint64_t)(text[i] - '0');
    }
    return size > 0;
}

static bool decimal_time(const uint8_t *text, size_t size, int64_t *seconds, uint32_t *nanoseconds)
{
    bool negative = size && *text == '-';
    text += negative;
    size -= negative;
    const uint8_t *point = size ? memchr(text, '.', size) : NULL;
    uint64_t whole;
    if (!decimal(text, point ? (size_t)(point - text) : size, &whole))
        return false;
    uint32_t fraction = 0, unit = 100000000;
    for (const uint8_t *at = point ? point + 1 : text + size; at < text + size; at++, unit /= 10) {
        if (*at < '0' || *at > '9')
            return false;
        fraction += unit * (uint32_t)(*at - '0');
    }
    *seconds = negative ? -(int64_t)whole - (fraction ? 1 : 0) : (int64_t)whole;
    *nanoseconds = negative && fraction ? 1000000000u - fraction : fraction;
    return true;
}

static const char *take_text(char **place, const uint8_t *text, size_t size)
{
    if (!size || memchr(text, 0, size))
        return "a name in an extended header is empty or has a NUL in it";
    free(*place);
    *place = allocate(size + 1);
    memcpy(*place, text, size);
    return NULL;
}

static const char *take_record(const uint8_t *key, size_t key_size, const uint8_t *value, size_t size,
                               struct tar_extension *extension)
{
#define KEY(text) (key_size == sizeof text - 1 && !memcmp(key, text, sizeof text - 1))
    if (KEY("path"))
        return take_text(&extension->name, value, size);
    if (KEY("linkpath"))
        return take_text(&extension->link, value, size);
    if (key_size > 11 && !memcmp(key, "GNU.sparse.", 11))
        return "it holds a sparse file, which is not supported";
    bool valid = true;
    if (KEY("size"))
        valid = extension->has_size = decimal(value, size, &extension->size);
    else if (KEY("uid"))
        valid = extension->has_uid = decimal(value, size, &extension->uid) && extension->uid <= UINT32_MAX;
    else if (KEY("gid"))
        valid = extension->has_gid = decimal(value, size, &extension->gid) && extension->gid <= UINT32_MAX;
    else if (KEY("mtime"))
        valid = extension->has_mtime = decimal_time(value, size, &extension->mtime, &extension->mtime_ns);
#undef KEY
    return valid ? NULL : "a number in an extended header is broken";
}

const char *tar_parse_pax(const uint8_t *records, size_t size, struct tar_extension *extension)
{
    static const char broken[] = "an extended header is broken";
    while (size) {
        const uint8_t *blank = memchr(records, ' ', size);
        uint64_t length;
        if (!blank || !decimal(records, (size_t)(blank - records), &length) || length > size ||
            length < (uint64_t)(blank - records) + 4 || records[length - 1] != '\n')
            return broken;
        const uint8_t *key = blank + 1, *end = records + length - 1;
        const uint8_t *equals = memchr(key, '=', (size_t)(end - key));
        if (!equals)
            return broken;
        const char *problem =
            take_record(key, (size_t)(equals - key), equals + 1, (size_t)(end - equals - 1), extension);
        if (problem)
            return problem;
        records += length;
        size -= (size_t)length;
    }
    return NULL;
}

const char *tar_parse_gnu(char type, const uint8_t *text, size_t size, struct tar_extension *extension)
{
    while (size && text[size - 1] == 0)
        size--;
    return take_text(type == TAR_GNU_NAME ? &extension->name : &extension->link, text, size);
}

void tar_apply(struct tar_entry *entry, struct tar_extension *extension)
{
    if (extension->name) {
        free(entry->name);
        entry->name = extension->name;
        extension->name = NULL;
    }
    if (extension->link) {
        free(entry->link);
        entry->link = extension->link;
        extension->link = NULL;
    }
    if (extension->has_size)
        entry->size = extension->size;
    if (extension->has_uid)
        entry->uid = (uint32_t)extension->uid;
    if (extension->has_gid)
        entry->gid = (uint32_t)extension->gid;
    if (extension->has_mtime) {
        entry->mtime = extension->mtime;
        entry->mtime_ns = extension->mtime_ns;
    }
    tar_extension_free(extension);
}
