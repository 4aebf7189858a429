#include "port.h"

#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char PORTS[] = "/sys/class/virtio-ports";
static const uint64_t DEADLINE_NS = 20ull * 1000 * 1000 * 1000;

/* The device's name: vport<N>p<M>, whose numbers depend on the order of the devices. Fresh memory, or NULL. */
static char *find(const char *name)
{
    DIR *listing = opendir(PORTS);
    struct dirent *entry;
    char *found = NULL;
    while (listing && !found && (entry = readdir(listing))) {
        char *path = format_text("%s/%s/name", PORTS, entry->d_name);
        char *text = entry->d_name[0] == '.' ? NULL : read_file(path, 256, NULL);
        if (text) {
            text[strcspn(text, "\n")] = 0;
            if (!strcmp(text, name))
                found = format_text("/dev/%s", entry->d_name);
        }
        free(text);
        free(path);
    }
    if (listing)
        closedir(listing);
    return found;
}

int port_open(const char *name)
{
    uint64_t deadline = monotonic_ns() + DEADLINE_NS;
    for (;;) {
        char *path = find(name);
        int fd = path ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
        int error = errno;
        if (fd >= 0) {
            free(path);
            return fd;
        }
        if (monotonic_ns() >= deadline) {
            if (path)
                fatal("cannot open %s, the port \"%s\": %s", path, name, strerror(error));
            fatal("no virtio-console port named \"%s\" appeared under %s; is virtio_console loaded?", name, PORTS);
        }
        free(path);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}
