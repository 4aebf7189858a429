/* FILE_READ, FILE_WRITE and STAT. */
#include "filewrite.h"
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
    if ((errno = file_suitable(file->fd, &status))) {
        fail(stream, "read", file->path);
        return;
    }
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

static void close_write(struct stream *stream, bool reset)
{
    (void)reset;
    file_write_free(stream->state);
    free_later(stream->state);
}

/* Whether it is gone on with; a message ends the stream. */
static bool write_done(struct stream *stream, int error, char *message)
{
    if (error)
        stream_fail(stream, (uint32_t)error, "%s", message);
    free(message);
    return !error;
}

static void open_write(struct stream *stream, struct reader *request)
{
    struct file_write *file = allocate(sizeof *file);
    *file = (struct file_write){.fd = -1, .path = read_string(request)};
    file->mode = read_u32(request);
    file->uid = read_u32(request);
    file->gid = read_u32(request);
    uint8_t flags = read_u8(request);
    stream->state = file;
    if (!reader_finished(request) || !*file->path) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: FILE_WRITE");
        return;
    }
    char *message = NULL;
    int error = file_write_open(file, flags & FLAG_PARENTS, flags & FLAG_APPEND, &message);
    if (write_done(stream, error, message))
        stream_opened(stream, NULL);
}

static void take_data(struct stream *stream, const uint8_t *bytes, size_t size)
{
    char *message = NULL;
    int error = file_write_bytes(stream->state, bytes, size, &message);
    if (write_done(stream, error, message))
        stream_consumed(stream, size);
}

static void finish_write(struct stream *stream)
{
    struct file_write *file = stream->state;
    char *message = NULL;
    int error = file_write_finish(file, &message);
    if (!write_done(stream, error, message))
        return;
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
    .while_held = true,
    .open = open_write,
    .data = take_data,
    .end_of_input = finish_write,
    .pump = nothing_to_pump,
    .close = close_write,
};

const struct kind stat_kind = {
    .name = "STAT",
    .open = open_stat,
    .pump = nothing_to_pump,
    .close = close_file,
};
