#include "check.h"

#include "path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void cleaned(const char *name, const char *wanted)
{
    char *clean = path_clean(name);
    if (wanted)
        CHECK_TEXT(clean, wanted);
    else
        CHECK(!clean);
    free(clean);
}

void check_path(void)
{
    cleaned("a/b", "a/b");
    cleaned("/a//b/", "a/b");
    cleaned("./a/./b/.", "a/b");
    cleaned("", "");
    cleaned("/", "");
    cleaned("././", "");
    cleaned("...", "...");
    cleaned("..a/b..", "..a/b..");
    cleaned("..", NULL);
    cleaned("a/..", NULL);
    cleaned("a/../b", NULL);
    cleaned("/../etc/passwd", NULL);
    char *longest = allocate(PATH_MAX + 2);
    memset(longest, 'x', PATH_MAX - 1);
    cleaned(longest, longest);
    longest[PATH_MAX - 1] = 'x';
    cleaned(longest, NULL);
    free(longest);
}
