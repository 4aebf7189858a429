/* FILE_READ, FILE_WRITE and STAT. */
#include "kinds.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536, FLAG_PARENTS = 1, FLAG_APPEND = 2, FLAG_FOLLOW = 1 };

struct file {
    int fd;
    char *path;
    uint64_t done, limit;
    /* FILE_WRITE */
    uint32_t mode, uid, gid;
    bool created;
};

static struct file *new_file(struct stream *stream, char *path)
{
    struct file *file = allocate(sizeof *file);
    file->fd = -1;
    file->path = path;
    stream->state = file;
    return file;
}

static void close_file(struct stream *stream, bool reset)
{
    (void)reset;
    struct file *file = stream->state;
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free_later(file);
}

static void fail(struct stream *stream, const char *what, const char *path)
{
    int error = errno;
    stream_fail(stream, (uint32_t)error, "cannot %s %s: %s", what, path, strerror(error));
}

/* Only what has content and an end: opening a pipe or a socket would wait for somebody else. */
static bool suitable(struct stream *stream, int fd, const char *what, const char *path, struct stat *status)
{
    if (fstat(fd, status) < 0) {
        fail(stream, what, path);
        return false;
    }
    if (S_ISREG(status->st_mode) || S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        return true;
    errno = S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
    fail(stream, what, path);
    return false;
}

static void open_read(struct stream *stream, struct reader *request)
{
    struct file *file = new_file(stream, read_string(request));
    uint64_t offset = read_u64(request);
    file->limit = read_u64(request);
    if (!file->limit)
        file->limit = UINT64_MAX;
    if (!reader_finished(request) || !*file->path || offset > INT64_MAX) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: FILE_READ");
        return;
    }
    struct stat status;
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0) {
        fail(stream, "read", file->path);
        return;
    }
    if (!suitable(stream, file->fd, "read", file->path, &status))
        return;
    if (offset && lseek(file->fd, (off_t)offset, SEEK_SET) < 0) {
        fail(stream, "read", file->path);
        return;
    }
    struct buffer reply = {0};
    put_u64(&reply, (uint64_t)status.st_size);
    stream_opened(stream, &reply);
}

static bool pump_read(struct stream *stream)
{
    static uint8_t bytes[CHUNK];
    struct file *file = stream->state;
    uint64_t left = file->limit - file->done;
    size_t wanted = stream_allowance(stream, 1, left < CHUNK ? (size_t)left : CHUNK);
    if (!wanted && left)
        return false;
    ssize_t got = wanted ? read(file->fd, bytes, wanted) : 0;
    if (got < 0) {
        fail(stream, "read", file->path);
        return false;
    }
    if (got > 0) {
        file->done += (uint64_t)got;
        stream_send(stream, 1, bytes, (size_t)got);
        return true;
    }
    struct buffer result = {0};
    put_u64(&result, file->done);
    stream_send_end(stream, 1);
    stream_result(stream, &result);
    return false;
}

static int make_parents(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    char *parent = format_text("%.*s", (int)(slash - path), path);
    int error = make_directories(parent, 0755);
    free(parent);
    return error;
}

static void open_write(struct stream *stream, struct reader *request)
{
    struct file *file = new_file(stream, read_string(request));
    file->mode = read_u32(request);
    file->uid = read_u32(request);
    file->gid = read_u32(request);
    uint8_t flags = read_u8(request);
    if (!reader_finished(request) || !*file->path) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: FILE_WRITE");
        return;
    }
    if (flags & FLAG_PARENTS && (errno = make_parents(file->path))) {
        fail(stream, "create the directory of", file->path);
        return;
    }
    int how = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (flags & FLAG_APPEND ? O_APPEND : O_TRUNC);
    file->fd = open(file->path, how);
    if (file->fd < 0 && errno == ENOENT) {
        file->fd = open(file->path, how | O_CREAT, 0600);
        file->created = true;
    }
    struct stat status;
    if (file->fd < 0)
        fail(stream, "write", file->path);
    else if (suitable(stream, file->fd, "write", file->path, &status))
        stream_opened(stream, NULL);
}

static void take_data(struct stream *stream, const uint8_t *bytes, size_t size)
{
    struct file *file = stream->state;
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(file->fd, bytes + done, size - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            fail(stream, "write", file->path);
            return;
        }
        done += (size_t)wrote;
    }
    file->done += size;
    stream_consumed(stream, size);
}

static void finish_write(struct stream *stream)
{
    struct file *file = stream->state;
    uint32_t mode = file->mode;
    if (mode == UINT32_MAX && file->created)
        mode = 0644;
    /* The owner first: chown takes the set-user-id bit away. */
    bool owner = file->uid != UINT32_MAX || file->gid != UINT32_MAX;
    if ((owner && fchown(file->fd, file->uid, file->gid) < 0) ||
        (mode != UINT32_MAX && fchmod(file->fd, mode & 07777) < 0)) {
        fail(stream, "set owner and mode of", file->path);
        return;
    }
    struct buffer result = {0};
    put_u64(&result, file->done);
    stream_result(stream, &result);
}

static bool nothing_to_pump(struct stream *stream)
{
    (void)stream;
    return false;
}

static void open_stat(struct stream *stream, struct reader *request)
{
    struct file *file = new_file(stream, read_string(request));
    uint8_t flags = read_u8(request);
    struct stat status;
    char target[PATH_MAX + 1] = "";
    if (!reader_finished(request) || !*file->path) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: STAT");
        return;
    }
    int found = flags & FLAG_FOLLOW ? stat(file->path, &status) : lstat(file->path, &status);
    if (found < 0 && errno != ENOENT && errno != ENOTDIR) {
        fail(stream, "look at", file->path);
        return;
    }
    struct buffer result = {0};
    put_u8(&result, found == 0);
    if (found == 0) {
        if (S_ISLNK(status.st_mode) && readlink(file->path, target, PATH_MAX) < 0)
            target[0] = 0;
        put_u32(&result, status.st_mode);
        put_u32(&result, status.st_uid);
        put_u32(&result, status.st_gid);
        put_u64(&result, (uint64_t)status.st_size);
        put_u64(&result, (uint64_t)status.st_mtim.tv_sec);
        put_u32(&result, (uint32_t)status.st_mtim.tv_nsec);
        put_string(&result, target);
    }
    stream_opened(stream, NULL);
    stream_result(stream, &result);
}

const struct kind file_read_kind = {
    .name = "FILE_READ",
    .open = open_read,
    .pump = pump_read,
    .close = close_file,
};

const struct kind file_write_kind = {
    .name = "FILE_WRITE",
    .takes_input = true,
    .open = open_write,
    .data = take_data,
    .end_of_input = finish_write,
    .pump = nothing_to_pump,
    .close = close_file,
};

const struct kind stat_kind = {
    .name = "STAT",
    .open = open_stat,
    .pump = nothing_to_pump,
    .close = close_file,
};
