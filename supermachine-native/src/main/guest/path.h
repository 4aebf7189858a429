/* Names from outside, kept inside one directory. */
#ifndef SM_PATH_H
#define SM_PATH_H

#include "util.h"

/* A tar entry's name without leading, doubled and trailing slashes and without "." components, as fresh memory; "" is
 * the directory itself. NULL if it has a ".." component or is longer than PATH_MAX. */
char *path_clean(const char *name);

/* Opens the directory in which the last component of a clean, not empty name lies, following links only as if `root`
 * were the root of the file system. Creates missing directories if asked to. -1 with errno. */
int path_open_parent(int root, const char *clean, bool create, const char **last);

/* Opens a clean name itself, with links followed in the same way. -1 with errno. */
int path_open(int root, const char *clean, int flags);

#endif
