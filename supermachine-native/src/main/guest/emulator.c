#include "emulator.h"

#include "util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* The kernel takes no longer line (fs/binfmt_misc.c, MAX_REGISTER_LENGTH). */
enum { LINE_MAX = 1920 };

static const char REGISTRY[] = "/proc/sys/fs/binfmt_misc";

void emulator_register(const char *directory)
{
    char *path = format_text("%s/register", directory);
    size_t size;
    char *line = read_file(path, LINE_MAX, &size);
    if (!line && errno == ENOENT) {
        free(path);
        return;
    }
    if (!line)
        fatal("cannot read %s: %s", path, strerror(errno));
    if (mount("binfmt_misc", REGISTRY, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        fatal("cannot mount binfmt_misc at %s: %s; does this kernel have it, built in or as a module in the initial root "
              "file system?",
              REGISTRY, strerror(errno));
    /* The line opens the interpreter now (flag F): it stays when the initial root file system is emptied. */
    char *target = format_text("%s/register", REGISTRY);
    int error = write_file(target, line);
    if (error)
        fatal("cannot register the emulator of %s: %s", path, strerror(error));
    free(target);
    free(line);
    free(path);
}
