/* TAR_OUT: a file or a directory's content as a tar, made while it is read. */
#include "kinds.h"
#include "loop.h"
#include "tarformat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { CHUNK = 65536, DEPTH_MAX = 256, LINKS_MAX = 10000 };

/* A file of more than one name: the name under which it is in the tar already. */
struct linked {
    dev_t device;
    ino_t inode;
    char *name;
};

struct pack {
    struct stream *stream;
    DIR *levels[DEPTH_MAX];
    size_t lengths[DEPTH_MAX]; /* of `name` at that level, with its slash */
    int depth;
    char name[PATH_MAX + 2];
    dev_t device;
    struct buffer ready; /* headers, padding, the end */
    int file;            /* whose content follows; -1 */
    uint64_t left;
    size_t padding; /* after the content */
    bool finished;
    uint64_t entries;
    struct linked *linked;
    size_t linked_count;
};

static void failed(struct pack *pack, int error)
{
    stream_fail(pack->stream, (uint32_t)error, "cannot read %s for the tar: %s", pack->name, strerror(error));
}

/* The name under which the file was packed before, or NULL, and then it is remembered under this one. Beyond
 * LINKS_MAX files the copies become files of their own. */
static const char *packed_before(struct pack *pack, const struct stat *status)
{
    for (size_t i = 0; i < pack->linked_count; i++)
        if (pack->linked[i].inode == status->st_ino && pack->linked[i].device == status->st_dev)
            return pack->linked[i].name;
    if (pack->linked_count < LINKS_MAX) {
        if ((pack->linked_count & (pack->linked_count - 1)) == 0)
            pack->linked = reallocate(pack->linked, (pack->linked_count * 2 + 1) * sizeof *pack->linked);
        pack->linked[pack->linked_count++] = (struct linked){status->st_dev, status->st_ino, duplicate(pack->name)};
    }
    return NULL;
}

static char type_of(mode_t mode)
{
    return S_ISREG(mode)   ? TAR_FILE
           : S_ISDIR(mode) ? TAR_DIRECTORY
           : S_ISLNK(mode) ? TAR_SYMLINK
           : S_ISCHR(mode) ? TAR_CHARACTER
           : S_ISBLK(mode) ? TAR_BLOCK_DEVICE
           : S_ISFIFO(mode) ? TAR_FIFO
                            : 0;
}

static void put_header(struct pack *pack, const struct stat *status, char type, const char *link)
{
    struct tar_entry entry = {
        .type = type,
        .name = pack->name,
        .link = (char *)(uintptr_t)link,
        .mode = status->st_mode,
        .uid = status->st_uid,
        .gid = status->st_gid,
        .size = type == TAR_FILE ? (uint64_t)status->st_size : 0,
        .mtime = status->st_mtim.tv_sec,
        .mtime_ns = (uint32_t)status->st_mtim.tv_nsec,
    };
    if (type == TAR_CHARACTER || type == TAR_BLOCK_DEVICE) {
        entry.major = major(status->st_rdev);
        entry.minor = minor(status->st_rdev);
    }
    tar_put_header(&pack->ready, &entry);
    pack->entries++;
}

static bool push(struct pack *pack, int fd)
{
    DIR *listing = pack->depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!listing) {
        int error = pack->depth < DEPTH_MAX ? errno : ENAMETOOLONG;
        close(fd);
        failed(pack, error);
        return false;
    }
    pack->lengths[pack->depth] = strlen(pack->name);
    pack->levels[pack->depth++] = listing;
    return true;
}

/* Puts the entry `file` of directory `at` into the tar under pack->name; false when the stream has failed. */
static bool put_entry(struct pack *pack, int at, const char *file)
{
    struct stat status;
    char target[PATH_MAX + 1] = "";
    if (fstatat(at, file, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return true; /* removed since it was listed */
        failed(pack, errno);
        return false;
    }
    char type = type_of(status.st_mode);
    if (!type)
        return true; /* a socket is nothing without its server */
    int fd = -1;
    if (type == TAR_FILE || type == TAR_DIRECTORY) {
        fd = openat(at, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            return true;
        if (fd < 0 || fstat(fd, &status) < 0 || type_of(status.st_mode) != type) {
            int error = fd < 0 ? errno : EAGAIN;
            if (fd >= 0)
                close(fd);
            failed(pack, error);
            return false;
        }
    }
    if (type == TAR_DIRECTORY) {
        strcat(pack->name, "/");
        put_header(pack, &status, type, NULL);
        if (status.st_dev == pack->device)
            return push(pack, fd);
        close(fd); /* another file system: /proc, /sys, /dev of a whole guest */
        return true;
    }
    if (type == TAR_SYMLINK && readlinkat(at, file, target, PATH_MAX) < 0) {
        failed(pack, errno);
        return false;
    }
    const char *first = status.st_nlink > 1 ? packed_before(pack, &status) : NULL;
    put_header(pack, &status, first ? TAR_HARD_LINK : type, first ? first : target);
    if (type == TAR_FILE && !first) {
        pack->file = fd;
        pack->left = (uint64_t)status.st_size;
        pack->padding = tar_padding(pack->left);
    } else if (fd >= 0) {
        close(fd);
    }
    return true;
}

static bool next_entry(struct pack *pack)
{
    static const uint8_t end[2 * TAR_BLOCK];
    if (!pack->depth) {
        put_bytes(&pack->ready, end, sizeof end);
        pack->finished = true;
        return true;
    }
    DIR *listing = pack->levels[pack->depth - 1];
    size_t length = pack->lengths[pack->depth - 1];
    pack->name[length] = 0;
    errno = 0;
    struct dirent *entry = readdir(listing);
    if (!entry && errno) {
        failed(pack, errno);
        return false;
    }
    if (!entry) {
        closedir(listing);
        pack->depth--;
        return true;
    }
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
        return true;
    if (length + strlen(entry->d_name) >= PATH_MAX) {
        failed(pack, ENAMETOOLONG);
        return false;
    }
    strcpy(pack->name + length, entry->d_name);
    return put_entry(pack, dirfd(listing), entry->d_name);
}

static bool send_content(struct pack *pack, size_t allowed)
{
    static uint8_t bytes[CHUNK];
    static const uint8_t zeros[TAR_BLOCK];
    size_t wanted = pack->left < allowed ? (size_t)pack->left : allowed;
    ssize_t got = wanted ? read(pack->file, bytes, wanted) : 0;
    if (got < 0) {
        failed(pack, errno);
        return false;
    }
    if (!got && pack->left) {
        stream_fail(pack->stream, EAGAIN, "%s became shorter while it was read for the tar", pack->name);
        return false;
    }
    stream_send(pack->stream, 1, bytes, (size_t)got);
    pack->left -= (uint64_t)got;
    if (!pack->left) {
        put_bytes(&pack->ready, zeros, pack->padding);
        close(pack->file);
        pack->file = -1;
    }
    return true;
}

static bool pump(struct stream *stream)
{
    struct pack *pack = stream->state;
    size_t allowed = stream_allowance(stream, 1, CHUNK);
    if (pack->ready.size) {
        size_t size = stream_allowance(stream, 1, pack->ready.size);
        stream_send(stream, 1, pack->ready.data, size);
        buffer_drop(&pack->ready, size);
        return size > 0;
    }
    if (pack->file >= 0)
        return allowed && send_content(pack, allowed);
    if (!pack->finished)
        return next_entry(pack);
    struct buffer result = {0};
    put_u64(&result, pack->entries);
    stream_send_end(stream, 1);
    stream_result(stream, &result);
    return false;
}

static void open_pack(struct stream *stream, struct reader *request)
{
    struct pack *pack = allocate(sizeof *pack);
    pack->stream = stream;
    pack->file = -1;
    stream->state = pack;
    char *path = read_string(request);
    char *real = NULL;
    struct stat status;
    if (!reader_finished(request) || !*path) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: TAR_OUT");
    } else if (!(real = realpath(path, NULL)) || stat(real, &status) < 0) {
        stream_fail(stream, (uint32_t)errno, "cannot read %s for a tar: %s", path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        int fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        pack->device = status.st_dev;
        if (fd < 0)
            failed(pack, errno);
        else if (push(pack, fd))
            stream_opened(stream, NULL);
    } else {
        const char *slash = strrchr(real, '/');
        snprintf(pack->name, sizeof pack->name, "%s", slash ? slash + 1 : real);
        if (put_entry(pack, AT_FDCWD, real))
            stream_opened(stream, NULL);
    }
    free(real);
    free(path);
}

static void close_pack(struct stream *stream, bool reset)
{
    (void)reset;
    struct pack *pack = stream->state;
    while (pack->depth)
        closedir(pack->levels[--pack->depth]);
    if (pack->file >= 0)
        close(pack->file);
    while (pack->linked_count)
        free(pack->linked[--pack->linked_count].name);
    free(pack->linked);
    buffer_free(&pack->ready);
    free_later(pack);
}

const struct kind tar_out_kind = {
    .name = "TAR_OUT",
    .open = open_pack,
    .pump = pump,
    .close = close_pack,
};
