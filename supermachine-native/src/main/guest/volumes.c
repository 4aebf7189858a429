/* The guest's part of the seam in system.h for volumes: writable disks with ext4, "volume0" and on. */
#include "volumes.h"

#include "frame.h"
#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const uint64_t DISK_DEADLINE_NS = 20ull * 1000 * 1000 * 1000;
enum { SERIAL_LIMIT = 64, MOUNTED_MOST = 8 };

/* Where they are mounted: a descriptor of each one's root directory, which no later mount can hide. */
static int mounted[MOUNTED_MOST];
static size_t mounted_count;

static bool has_serial(const char *name, const char *serial)
{
    char *path = format_text("/sys/block/%s/serial", name), *text = read_file(path, SERIAL_LIMIT, NULL);
    bool same = text && strcspn(text, "\n") == strlen(serial) && !strncmp(text, serial, strlen(serial));
    free(text);
    free(path);
    return same;
}

/* The numbers in the names depend on the order in which the kernel finds the disks. */
static char *find_disk(const char *serial)
{
    DIR *listing = opendir("/sys/block");
    char *found = NULL;
    struct dirent *entry;
    while (listing && !found && (entry = readdir(listing)))
        if (!strncmp(entry->d_name, "vd", 2) && has_serial(entry->d_name, serial))
            found = format_text("/dev/%s", entry->d_name);
    if (listing)
        closedir(listing);
    if (found && access(found, F_OK) < 0) {
        free(found);
        found = NULL;
    }
    return found;
}

static char *await_disk(const char *serial)
{
    uint64_t deadline = monotonic_ns() + DISK_DEADLINE_NS;
    char *found;
    while (!(found = find_disk(serial)) && monotonic_ns() < deadline)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return found;
}

char *disk_path(const char *serial)
{
    char *path = await_disk(serial);
    if (!path)
        fatal("the disk \"%s\" with the root file system did not appear; is virtio_blk loaded?", serial);
    return path;
}

/* What the guest needs itself; the host has refused these names, but links of the image may lead there. */
static bool is_reserved(const char *path)
{
    static const char *const trees[] = {"/proc", "/sys", "/dev"};
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        size_t length = strlen(trees[i]);
        if (!strncmp(path, trees[i], length) && (!path[length] || path[length] == '/'))
            return true;
    }
    return !strcmp(path, "/") || !strcmp(path, "/etc");
}

static char *prepare_directory(const char *path, char resolved[PATH_MAX], int *error)
{
    *error = make_directories(path, 0755);
    if (*error)
        return format_text("the directory %s for a volume cannot be made: %s", path, strerror(*error));
    if (!realpath(path, resolved))
        return format_text("the directory %s for a volume cannot be found: %s", path, strerror(*error = errno));
    if (is_reserved(resolved)) {
        *error = EBUSY;
        return format_text("a volume cannot be mounted at %s, because that is %s in the image, which the guest needs itself",
                           path, resolved);
    }
    return NULL;
}

/* A new file system belongs to whom the directory did, so that a service that is not root can use it. */
static void take_over(int root, const struct stat *before)
{
    if (fchown(root, before->st_uid, before->st_gid) < 0 || fchmod(root, before->st_mode & 07777) < 0)
        say("cannot set the owner and mode of a new volume: %s", strerror(errno));
}

static char *mount_volume(size_t index, const char *path, bool fresh, int *error)
{
    char resolved[PATH_MAX];
    char *problem = prepare_directory(path, resolved, error);
    if (problem)
        return problem;
    struct stat before;
    bool known = stat(resolved, &before) == 0;
    char *serial = format_text("volume%zu", index), *disk = await_disk(serial);
    if (!disk)
        problem = format_text("the disk \"%s\" of the volume at %s did not appear", serial, path);
    else if (mount(disk, resolved, "ext4", 0, NULL) < 0)
        problem = format_text("the volume at %s (%s) cannot be mounted as ext4: %s", path, disk, strerror(*error = errno));
    if (!problem) {
        int root = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
            problem = format_text("the volume at %s cannot be opened: %s", path, strerror(*error = errno));
        else if (fresh && known)
            take_over(root, &before);
        if (!problem)
            mounted[mounted_count++] = root;
    }
    free(serial);
    free(disk);
    return problem;
}

char *system_mount_volumes(const struct strings *volumes, uint32_t *code)
{
    *code = BROKEN_REQUEST;
    size_t count = volumes->count / 2;
    if (count > MOUNTED_MOST)
        return format_text("a machine has at most %d volumes, but got %zu", MOUNTED_MOST, count);
    for (size_t i = 0; i < count; i++) {
        int error = ENODEV;
        char *problem = mount_volume(i, volumes->items[2 * i], *volumes->items[2 * i + 1], &error);
        if (problem) {
            *code = (uint32_t)error;
            return problem;
        }
    }
    return NULL;
}

/* FIFREEZE writes everything to the disk and empties the journal, so that the disk alone is a clean file system. */
int system_freeze_volumes(bool frozen)
{
    for (size_t i = 0; i < mounted_count; i++) {
        if (ioctl(mounted[i], frozen ? FIFREEZE : FITHAW, 0) == 0)
            continue;
        int error = errno;
        while (frozen && i-- > 0)
            ioctl(mounted[i], FITHAW, 0);
        return error;
    }
    return 0;
}
