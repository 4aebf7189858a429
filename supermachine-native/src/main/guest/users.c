#include "users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_SIZE = 4 * 1024 * 1024, FIELDS_MAX = 7 };

struct text {
    const char *at;
    size_t length;
};

/* The next line split at its colons; false at the end. Lines with fewer fields leave the rest empty. */
static bool next_line(const char **cursor, struct text fields[FIELDS_MAX])
{
    const char *line = *cursor;
    if (!line || !*line)
        return false;
    size_t length = strcspn(line, "\n");
    *cursor = line + length + (line[length] == '\n');
    memset(fields, 0, sizeof *fields * FIELDS_MAX);
    const char *end = line + length;
    for (int i = 0; i < FIELDS_MAX; i++) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        fields[i] = (struct text){line, (size_t)((colon ? colon : end) - line)};
        if (!colon)
            break;
        line = colon + 1;
    }
    return true;
}

static bool same(struct text text, const char *other, size_t length)
{
    return text.at && text.length == length && !memcmp(text.at, other, length);
}

/* A decimal id below 2^32 - 1, which as an id means "none". */
static bool number(struct text text, uint32_t *value)
{
    uint64_t result = 0;
    if (!text.length || text.length > 10)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        result = result * 10 + (uint64_t)(text.at[i] - '0');
    }
    *value = (uint32_t)result;
    return result < UINT32_MAX;
}

/* The entry of /etc/passwd with that name or, failing that, that number: as other runtimes do, a name of digits wins. */
static bool find_user(const char *passwd, struct text wanted, struct text found[FIELDS_MAX])
{
    uint32_t id = 0, wanted_id = 0;
    bool by_number = number(wanted, &wanted_id);
    for (int pass = 0; pass < (by_number ? 2 : 1); pass++) {
        const char *cursor = passwd;
        while (next_line(&cursor, found)) {
            if (!number(found[2], &id))
                continue;
            if (pass == 0 ? same(found[0], wanted.at, wanted.length) : id == wanted_id)
                return true;
        }
    }
    return false;
}

static bool find_group(const char *group, struct text wanted, uint32_t *gid)
{
    struct text fields[FIELDS_MAX];
    const char *cursor = group;
    while (next_line(&cursor, fields))
        if (same(fields[0], wanted.at, wanted.length) && number(fields[2], gid))
            return true;
    return number(wanted, gid);
}

static void add_supplementary(struct identity *identity, const char *group, struct text user)
{
    struct text fields[FIELDS_MAX];
    const char *cursor = group;
    uint32_t gid;
    while (next_line(&cursor, fields)) {
        if (!fields[3].at || !number(fields[2], &gid))
            continue;
        const char *at = fields[3].at, *end = at + fields[3].length;
        while (at < end && identity->group_count < USER_GROUPS_MAX) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            const char *stop = comma ? comma : end;
            if (same(user, at, (size_t)(stop - at))) {
                identity->groups[identity->group_count++] = gid;
                break;
            }
            at = stop + 1;
        }
    }
}

char *identity_parse(struct identity *identity, const char *user, const char *passwd, const char *group)
{
    *identity = (struct identity){0};
    const char *colon = strchr(user, ':');
    struct text name = {user, colon ? (size_t)(colon - user) : strlen(user)};
    struct text entry[FIELDS_MAX] = {{0}};
    uint32_t id = 0;
    bool known = find_user(passwd, name.length ? name : (struct text){"0", 1}, entry);
    if (known) {
        number(entry[2], &id);
        identity->uid = id;
        if (number(entry[3], &id))
            identity->gid = id;
    } else if (name.length && number(name, &id)) {
        identity->uid = id;
    } else if (name.length) {
        return format_text("user \"%.*s\" is not in /etc/passwd of the image", (int)name.length, name.at);
    }
    if (colon) {
        struct text wanted = {colon + 1, strlen(colon + 1)};
        if (!find_group(group, wanted, &id))
            return format_text("group \"%s\" is not in /etc/group of the image", colon + 1);
        identity->gid = id;
    } else if (known && name.length) {
        add_supplementary(identity, group, entry[0]);
    }
    identity->home = known && entry[5].length && entry[5].at[0] == '/'
                         ? format_text("%.*s", (int)entry[5].length, entry[5].at)
                         : duplicate("/");
    return NULL;
}

char *identity_resolve(struct identity *identity, const char *user)
{
    static const char *const paths[] = {"/etc/passwd", "/etc/group"};
    char *texts[2], *problem = NULL;
    for (int i = 0; i < 2; i++) {
        texts[i] = read_file(paths[i], FILE_MAX_SIZE, NULL);
        if (!texts[i] && errno != ENOENT && !problem)
            problem = format_text("cannot read %s: %s", paths[i], strerror(errno));
    }
    *identity = (struct identity){0};
    if (!problem)
        problem = identity_parse(identity, user, texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    return problem;
}

void identity_free(struct identity *identity)
{
    free(identity->home);
    identity->home = NULL;
}
