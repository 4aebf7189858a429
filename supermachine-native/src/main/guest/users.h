/* Who a process runs as: `user` of the protocol, resolved in the guest's /etc/passwd and /etc/group. */
#ifndef SM_USERS_H
#define SM_USERS_H

#include "util.h"

#include <sys/types.h>

enum { USER_GROUPS_MAX = 256 };

struct identity {
    uid_t uid;
    gid_t gid;
    gid_t groups[USER_GROUPS_MAX];
    size_t group_count;
    char *home; /* never NULL once resolved */
};

/* Resolves "", "name", "uid", "name:group" or "uid:gid"; NULL, or a fresh message saying what is unknown. */
char *identity_resolve(struct identity *, const char *user);

/* The same on the text of the two files, either of which may be NULL when there is none. */
char *identity_parse(struct identity *, const char *user, const char *passwd, const char *group);

void identity_free(struct identity *);

#endif
