#include "check.h"

#include "users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PASSWD[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "broken line\n"
                             "postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n"
                             "1000:x:5:6::/home/digits:/bin/sh\n"
                             "nohome:x:7:7\n"
                             "bad:x:notanumber:1::/:\n"
                             "last:x:8:9::/l:/bin/sh";
static const char GROUP[] = "root:x:0:\n"
                            "ssl-cert:x:105:www,postgres\n"
                            "postgres:x:104:\n"
                            "bad:x:z:postgres\n"
                            "more:x:106:postgresql,apostgres\n"
                            "users:x:100:last,postgres";

/* "uid:gid:group,group:home", or the problem. */
static const char *resolve(const char *user, const char *passwd, const char *group)
{
    static char text[4096];
    struct identity identity;
    char *problem = identity_parse(&identity, user, passwd, group);
    if (problem) {
        snprintf(text, sizeof text, "%s", problem);
    } else {
        int size = snprintf(text, sizeof text, "%u:%u:", identity.uid, identity.gid);
        for (size_t i = 0; i < identity.group_count && i < 20; i++)
            size += snprintf(text + size, sizeof text - (size_t)size, "%s%u", i ? "," : "", identity.groups[i]);
        snprintf(text + size, sizeof text - (size_t)size, ":%s", identity.home);
    }
    free(problem);
    identity_free(&identity);
    return text;
}

void check_users(void)
{
    CHECK_TEXT(resolve("", PASSWD, GROUP), "0:0::/root");
    CHECK_TEXT(resolve("root", PASSWD, GROUP), "0:0::/root");
    CHECK_TEXT(resolve("postgres", PASSWD, GROUP), "101:104:105,100:/var/lib/postgresql");
    CHECK_TEXT(resolve("101", PASSWD, GROUP), "101:104:105,100:/var/lib/postgresql");
    CHECK_TEXT(resolve("postgres:root", PASSWD, GROUP), "101:0::/var/lib/postgresql");
    CHECK_TEXT(resolve("postgres:33", PASSWD, GROUP), "101:33::/var/lib/postgresql");
    CHECK_TEXT(resolve("12345", PASSWD, GROUP), "12345:0::/");
    CHECK_TEXT(resolve("12345:678", PASSWD, GROUP), "12345:678::/");
    CHECK_TEXT(resolve("1000", PASSWD, GROUP), "5:6::/home/digits");
    CHECK_TEXT(resolve("nohome", PASSWD, GROUP), "7:7::/");
    CHECK_TEXT(resolve("last", PASSWD, GROUP), "8:9:100:/l");
    CHECK_TEXT(resolve("nobody", PASSWD, GROUP), "user \"nobody\" is not in /etc/passwd of the image");
    CHECK_TEXT(resolve("bad", PASSWD, GROUP), "user \"bad\" is not in /etc/passwd of the image");
    CHECK_TEXT(resolve("root:none", PASSWD, GROUP), "group \"none\" is not in /etc/group of the image");
    CHECK_TEXT(resolve("4294967295", PASSWD, GROUP), "user \"4294967295\" is not in /etc/passwd of the image");
    CHECK_TEXT(resolve("99999999999999", PASSWD, GROUP), "user \"99999999999999\" is not in /etc/passwd of the image");
    CHECK_TEXT(resolve("-1", PASSWD, GROUP), "user \"-1\" is not in /etc/passwd of the image");
    /* An image without the files. */
    CHECK_TEXT(resolve("", NULL, NULL), "0:0::/");
    CHECK_TEXT(resolve("7:8", NULL, NULL), "7:8::/");
    CHECK_TEXT(resolve("root", NULL, NULL), "user \"root\" is not in /etc/passwd of the image");

    uint64_t state = 42;
    for (size_t round = 0; round < fuzz_rounds(); round++) {
        char passwd[sizeof PASSWD], group[sizeof GROUP];
        memcpy(passwd, PASSWD, sizeof passwd);
        memcpy(group, GROUP, sizeof group);
        random_mutate(&state, (uint8_t *)passwd, sizeof passwd - 1);
        random_mutate(&state, (uint8_t *)group, sizeof group - 1);
        if (!*resolve("postgres", passwd, group))
            CHECK(!"neither an identity nor a problem");
    }
    /* More groups than are taken: the rest is left out, nothing is written behind the array. */
    char *many = allocate(USER_GROUPS_MAX * 40);
    size_t size = 0;
    for (int i = 0; i < USER_GROUPS_MAX + 50; i++)
        size += (size_t)sprintf(many + size, "g%d:x:%d:postgres\n", i, i + 10);
    struct identity identity;
    CHECK(!identity_parse(&identity, "postgres", PASSWD, many));
    CHECK(identity.group_count == USER_GROUPS_MAX);
    identity_free(&identity);
    free(many);
}
