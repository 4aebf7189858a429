#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

char *path_clean(const char *name)
{
    char *clean = allocate(strlen(name) + 1), *end = clean;
    while (*name) {
        size_t length = strcspn(name, "/");
        if (length == 2 && name[0] == '.' && name[1] == '.') {
            free(clean);
            return NULL;
        }
        if (length && !(length == 1 && name[0] == '.')) {
            if (end != clean)
                *end++ = '/';
            memcpy(end, name, length);
            end += length;
        }
        name += length + (name[length] == '/');
    }
    *end = 0;
    if (end - clean >= PATH_MAX) {
        free(clean);
        return NULL;
    }
    return clean;
}

int path_open(int root, const char *clean, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    int tries = 0;
    do /* EAGAIN: something was renamed while the kernel looked, and it could not be sure */
        fd = syscall(SYS_openat2, root, *clean ? clean : ".", &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < 100);
    return (int)fd;
}

static int open_or_create(int root, char *directory)
{
    int fd = path_open(root, directory, O_PATH | O_DIRECTORY);
    if (fd >= 0 || errno != ENOENT || !*directory)
        return fd;
    char *slash = strrchr(directory, '/');
    if (slash)
        *slash = 0;
    int above = open_or_create(root, slash ? directory : directory + strlen(directory));
    if (slash)
        *slash = '/';
    if (above < 0)
        return -1;
    int made = mkdirat(above, slash ? slash + 1 : directory, 0755);
    int error = errno;
    close(above);
    errno = error;
    return made < 0 && error != EEXIST ? -1 : path_open(root, directory, O_PATH | O_DIRECTORY);
}

int path_open_parent(int root, const char *clean, bool create, const char **last)
{
    const char *slash = strrchr(clean, '/');
    char *directory = format_text("%.*s", slash ? (int)(slash - clean) : 0, clean);
    int fd = create ? open_or_create(root, directory) : path_open(root, directory, O_PATH | O_DIRECTORY);
    int error = errno;
    free(directory);
    *last = slash ? slash + 1 : clean;
    errno = error;
    return fd;
}
