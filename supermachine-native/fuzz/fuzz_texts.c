/* What the agent reads of the image it runs: users, kernel tables, modules, names; and the ring of logs. The first byte says which. */
#include "fuzz.h"
#include "logring.h"
#include "modinfo.h"
#include "path.h"
#include "procnet.h"
#include "users.h"

#include <string.h>

/* Up to the next zero byte, as fresh memory; the rest moves on. */
static char *text(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
    size_t length = end ? (size_t)(end - *data) : *size;
    char *copy = malloc(length + 1);
    REQUIRE(copy);
    if (length)
        memcpy(copy, *data, length);
    copy[length] = 0;
    *data += length + !!end;
    *size -= length + !!end;
    return copy;
}

static void users(const uint8_t *data, size_t size)
{
    char *user = text(&data, &size), *passwd = text(&data, &size), *group = text(&data, &size);
    struct identity identity = {0};
    char *problem = identity_parse(&identity, user, passwd, group);
    REQUIRE(problem || (identity.home && identity.group_count <= USER_GROUPS_MAX));
    free(problem);
    identity_free(&identity);
    free(user);
    free(passwd);
    free(group);
}

static void listening(const uint8_t *data, size_t size)
{
    static bool ports[65536];
    char *table = text(&data, &size);
    memset(ports, 0, sizeof ports);
    procnet_scan(table, ports);
    free(table);
}

static void modules(const uint8_t *data, size_t size)
{
    char *name = modinfo_get(data, size, "name"), *depends = modinfo_get(data, size, "depends");
    if (name && depends)
        modinfo_depends_on(depends, name);
    free(name);
    free(depends);
    char *file = text(&data, &size), *module = modinfo_name_of(file);
    REQUIRE(module && !strchr(module, '/') && !strchr(module, '-'));
    free(module);
    free(file);
}

static void names(const uint8_t *data, size_t size)
{
    char *name = text(&data, &size), *clean = path_clean(name);
    if (clean) {
        char *again = path_clean(clean);
        REQUIRE(again && !strcmp(clean, again) && *clean != '/' && !strstr(clean, "//"));
        free(again);
    }
    free(clean);
    free(name);
}

/* Operations of two bytes: what is put, and how much one of two readers takes. */
static void logs(const uint8_t *data, size_t size)
{
    static const uint8_t letters[256];
    struct log_ring ring;
    struct log_cursor cursors[2] = {{0}};
    uint64_t put = 0;
    log_ring_init(&ring, 512);
    for (; size >= 2; data += 2, size -= 2) {
        struct log_cursor *cursor = &cursors[data[0] >> 7];
        const uint8_t *found;
        size_t length = 0;
        if (data[0] & 1) {
            log_ring_put(&ring, 1 + (data[0] >> 1 & 1), letters, data[1]);
            put += data[1];
        } else if (log_ring_peek(&ring, cursor, &found, &length)) {
            REQUIRE(length && found >= ring.bytes && found + length <= ring.bytes + ring.capacity);
            log_ring_take(&ring, cursor, data[1] % length + 1);
        }
        REQUIRE(ring.end - ring.first <= ring.capacity && ring.dropped <= put);
        REQUIRE(cursor->lost <= put && cursor->taken <= put);
    }
    log_ring_free(&ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const uint8_t *, size_t) = {users, listening, modules, names, logs};
    if (size)
        readers[data[0] % (sizeof readers / sizeof *readers)](data + 1, size - 1);
    return 0;
}
