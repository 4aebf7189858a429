/* TAR_IN: a tar unpacked as it arrives, every name confined to one directory. */
#include "kinds.h"
#include "loop.h"
#include "path.h"
#include "tarformat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { DIRECTORIES_MAX = 100000 };

/* Later entries change a directory's time; it is set when all are there. */
struct directory {
    char *name;
    struct timespec mtime;
};

struct unpack {
    struct stream *stream;
    int root;
    enum { HEADER, EXTENSION, CONTENT, SKIP, FINISHED } stage;
    struct buffer pending; /* of the header or extension being collected */
    uint64_t left;         /* of the stage's bytes */
    size_t padding;        /* after them */
    struct tar_entry entry;
    struct tar_extension extension;
    int file; /* the file whose content comes; -1 */
    bool saw_zero;
    uint64_t entries;
    struct directory *directories;
    size_t directory_count;
};

static void broken(struct unpack *unpack, const char *problem)
{
    stream_fail(unpack->stream, EINVAL, "cannot unpack the tar: %s%s%s", problem, unpack->entry.name ? ", at entry " : "",
                unpack->entry.name ? unpack->entry.name : "");
}

static void failed(struct unpack *unpack)
{
    int error = errno;
    stream_fail(unpack->stream, (uint32_t)error, "cannot unpack %s: %s", unpack->entry.name, strerror(error));
}

/* What an ordinary user running a hosted agent may not do is left undone; process 1 may do everything. */
static bool permitted(int result) { return result == 0 || (errno == EPERM && geteuid() != 0); }

static struct timespec mtime_of(const struct tar_entry *entry)
{
    return (struct timespec){.tv_sec = (time_t)entry->mtime, .tv_nsec = (long)entry->mtime_ns};
}

static bool set_attributes(int fd, const struct tar_entry *entry)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, mtime_of(entry)};
    return permitted(fchown(fd, entry->uid, entry->gid)) && fchmod(fd, entry->mode) == 0 && futimens(fd, times) == 0;
}

static bool set_attributes_at(int parent, const char *name, const struct tar_entry *entry)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, mtime_of(entry)};
    return permitted(fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW)) &&
           (entry->type == TAR_SYMLINK || fchmodat(parent, name, entry->mode, 0) == 0) &&
           utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool make_directory(struct unpack *unpack, int parent, const char *name, const char *clean)
{
    /* A link to a directory stays: /lib is one in many images. */
    int fd = path_open(unpack->root, clean, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
            return false;
        if (mkdirat(parent, name, 0700) < 0)
            return false;
        fd = path_open(unpack->root, clean, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
            return false;
    }
    bool done = set_attributes(fd, &unpack->entry);
    int error = errno;
    close(fd);
    errno = error;
    if (done && unpack->directory_count < DIRECTORIES_MAX) {
        size_t count = unpack->directory_count++;
        unpack->directories = reallocate(unpack->directories, (count + 1) * sizeof *unpack->directories);
        unpack->directories[count] = (struct directory){duplicate(clean), mtime_of(&unpack->entry)};
    }
    return done;
}

static bool make_hard_link(struct unpack *unpack, int parent, const char *name)
{
    struct stat old, target;
    const char *last;
    char *clean = path_clean(unpack->entry.link);
    int from = clean && *clean ? path_open_parent(unpack->root, clean, false, &last) : (errno = EINVAL, -1);
    bool done = from >= 0 && fstatat(from, last, &target, AT_SYMLINK_NOFOLLOW) == 0;
    bool same = done && fstatat(parent, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_dev == target.st_dev &&
                old.st_ino == target.st_ino;
    if (done && !same)
        done = (unlinkat(parent, name, 0) == 0 || errno == ENOENT) && linkat(from, last, parent, name, 0) == 0;
    int error = errno;
    if (from >= 0)
        close(from);
    free(clean);
    errno = error;
    return done;
}

static bool make_other(struct unpack *unpack, int parent, const char *name)
{
    const struct tar_entry *entry = &unpack->entry;
    if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
        return false;
    switch (entry->type) {
    case TAR_FILE:
    case TAR_CONTIGUOUS:
        unpack->file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return unpack->file >= 0;
    case TAR_SYMLINK:
        return symlinkat(entry->link, parent, name) == 0 && set_attributes_at(parent, name, entry);
    default: {
        mode_t type = entry->type == TAR_FIFO ? S_IFIFO : entry->type == TAR_CHARACTER ? S_IFCHR : S_IFBLK;
        return mknodat(parent, name, type | 0600, makedev(entry->major, entry->minor)) == 0 &&
               set_attributes_at(parent, name, entry);
    }
    }
}

/* Creates the entry; false when the stream has failed. */
static bool begin_entry(struct unpack *unpack)
{
    struct tar_entry *entry = &unpack->entry;
    tar_apply(entry, &unpack->extension);
    bool content = entry->type == TAR_FILE || entry->type == TAR_CONTIGUOUS;
    size_t length = strlen(entry->name);
    if (entry->type == TAR_FILE && length && entry->name[length - 1] == '/')
        entry->type = TAR_DIRECTORY; /* as tars older than POSIX say it */
    if (entry->type < TAR_FILE || entry->type > TAR_CONTIGUOUS) {
        broken(unpack, "an entry's type is not supported");
        return false;
    }
    char *clean = path_clean(entry->name);
    if (!clean) {
        broken(unpack, "a name leads out of the directory or is too long");
        return false;
    }
    unpack->stage = content ? CONTENT : SKIP;
    unpack->left = entry->size;
    unpack->padding = tar_padding(entry->size);
    bool done = true;
    if (*clean) { /* the directory itself stays as it is */
        const char *last;
        int parent = path_open_parent(unpack->root, clean, true, &last);
        done = parent >= 0 && (entry->type == TAR_DIRECTORY   ? make_directory(unpack, parent, last, clean)
                               : entry->type == TAR_HARD_LINK ? make_hard_link(unpack, parent, last)
                                                              : make_other(unpack, parent, last));
        int error = errno;
        if (parent >= 0)
            close(parent);
        errno = error;
        unpack->entries++;
    }
    free(clean);
    if (!done)
        failed(unpack);
    return done;
}

static bool take_header(struct unpack *unpack)
{
    const uint8_t *block = unpack->pending.data;
    tar_entry_free(&unpack->entry);
    if (tar_is_zero(block)) {
        if (unpack->saw_zero)
            unpack->stage = FINISHED;
        unpack->saw_zero = true;
        return true;
    }
    unpack->saw_zero = false;
    const char *problem = tar_parse_header(block, &unpack->entry);
    if (problem) {
        broken(unpack, problem);
        return false;
    }
    char type = unpack->entry.type;
    if (type != TAR_PAX && type != TAR_PAX_GLOBAL && type != TAR_GNU_NAME && type != TAR_GNU_LINK)
        return begin_entry(unpack);
    if (unpack->entry.size > TAR_EXTENSION_MAX) {
        broken(unpack, "an extended header is longer than 1 MiB");
        return false;
    }
    /* Global headers carry comments (a git commit, say); nothing in them concerns an entry's content. */
    unpack->stage = type == TAR_PAX_GLOBAL ? SKIP : EXTENSION;
    unpack->left = unpack->entry.size;
    unpack->padding = tar_padding(unpack->entry.size);
    return true;
}

static bool take_extension(struct unpack *unpack)
{
    const char *problem =
        unpack->entry.type == TAR_PAX
            ? tar_parse_pax(unpack->pending.data, unpack->pending.size, &unpack->extension)
            : tar_parse_gnu(unpack->entry.type, unpack->pending.data, unpack->pending.size, &unpack->extension);
    if (problem)
        broken(unpack, problem);
    return !problem;
}

/* A stage's bytes have all come. */
static bool stage_ended(struct unpack *unpack)
{
    bool going = true;
    if (unpack->stage == EXTENSION)
        going = take_extension(unpack);
    if (unpack->stage == CONTENT && unpack->file >= 0) {
        going = set_attributes(unpack->file, &unpack->entry);
        if (!going)
            failed(unpack);
        if (going) {
            close(unpack->file);
            unpack->file = -1;
        }
    }
    if (!going)
        return false;
    unpack->pending.size = 0;
    unpack->left = unpack->padding;
    unpack->padding = 0;
    unpack->stage = unpack->left ? SKIP : HEADER;
    return true;
}

static bool write_content(struct unpack *unpack, const uint8_t *bytes, size_t size)
{
    while (size && unpack->file >= 0) {
        ssize_t wrote = write(unpack->file, bytes, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            failed(unpack);
            return false;
        }
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* Takes some of the bytes; how many, or 0 when the stream has failed. */
static size_t step(struct unpack *unpack, const uint8_t *bytes, size_t size)
{
    size_t part = size;
    if (unpack->stage == FINISHED)
        return size;
    if (unpack->stage == HEADER) {
        part = TAR_BLOCK - unpack->pending.size < size ? TAR_BLOCK - unpack->pending.size : size;
        put_bytes(&unpack->pending, bytes, part);
        if (unpack->pending.size < TAR_BLOCK)
            return part;
        if (!take_header(unpack))
            return 0;
        unpack->pending.size = 0;
    } else {
        if (unpack->left < part)
            part = (size_t)unpack->left;
        if (unpack->stage == EXTENSION)
            put_bytes(&unpack->pending, bytes, part);
        if (unpack->stage == CONTENT && !write_content(unpack, bytes, part))
            return 0;
        unpack->left -= part;
    }
    while (unpack->stage != HEADER && unpack->stage != FINISHED && !unpack->left)
        if (!stage_ended(unpack))
            return 0;
    return part;
}

static void take_data(struct stream *stream, const uint8_t *bytes, size_t size)
{
    struct unpack *unpack = stream->state;
    for (size_t done = 0; done < size;) {
        size_t taken = step(unpack, bytes + done, size - done);
        if (!taken)
            return;
        done += taken;
    }
    stream_consumed(stream, size);
}

static void finish(struct stream *stream)
{
    struct unpack *unpack = stream->state;
    if ((unpack->stage != HEADER && unpack->stage != FINISHED) || unpack->pending.size || unpack->extension.name) {
        broken(unpack, "it ends in the middle");
        return;
    }
    while (unpack->directory_count) {
        struct directory *directory = &unpack->directories[--unpack->directory_count];
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, directory->mtime};
        int fd = path_open(unpack->root, directory->name, O_RDONLY | O_DIRECTORY);
        if (fd >= 0) { /* else a later entry has replaced it */
            futimens(fd, times);
            close(fd);
        }
        free(directory->name);
    }
    struct buffer result = {0};
    put_u64(&result, unpack->entries);
    stream_result(stream, &result);
}

static void open_unpack(struct stream *stream, struct reader *request)
{
    struct unpack *unpack = allocate(sizeof *unpack);
    *unpack = (struct unpack){.stream = stream, .root = -1, .file = -1};
    stream->state = unpack;
    char *path = read_string(request);
    int error = 0;
    if (!reader_finished(request) || !*path) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: TAR_IN");
    } else if ((error = make_directories(path, 0755)) ||
               (unpack->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        error = error ? error : errno;
        stream_fail(stream, (uint32_t)error, "cannot unpack into %s: %s", path, strerror(error));
    } else {
        stream_opened(stream, NULL);
    }
    free(path);
}

static bool nothing_to_pump(struct stream *stream)
{
    (void)stream;
    return false;
}

static void close_unpack(struct stream *stream, bool reset)
{
    (void)reset;
    struct unpack *unpack = stream->state;
    if (unpack->root >= 0)
        close(unpack->root);
    if (unpack->file >= 0)
        close(unpack->file);
    while (unpack->directory_count)
        free(unpack->directories[--unpack->directory_count].name);
    free(unpack->directories);
    tar_entry_free(&unpack->entry);
    tar_extension_free(&unpack->extension);
    buffer_free(&unpack->pending);
    free_later(unpack);
}

const struct kind tar_in_kind = {
    .name = "TAR_IN",
    .takes_input = true,
    .open = open_unpack,
    .data = take_data,
    .end_of_input = finish,
    .pump = nothing_to_pump,
    .close = close_unpack,
};
