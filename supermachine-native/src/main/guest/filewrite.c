#include "filewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failed(int error, const char *what, const struct file_write *file, char **message)
{
    *message = format_text("cannot %s %s: %s", what, file->path, strerror(error));
    return error;
}

int file_suitable(int fd, struct stat *status)
{
    if (fstat(fd, status) < 0)
        return errno;
    if (S_ISREG(status->st_mode) || S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        return 0;
    return S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
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

int file_write_open(struct file_write *file, bool parents, bool append, char **message)
{
    int error = parents ? make_parents(file->path) : 0;
    if (error)
        return failed(error, "create the directory of", file, message);
    int how = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (append ? O_APPEND : O_TRUNC);
    file->fd = open(file->path, how);
    if (file->fd < 0 && errno == ENOENT) {
        file->fd = open(file->path, how | O_CREAT, 0600);
        file->created = true;
    }
    struct stat status;
    error = file->fd < 0 ? errno : file_suitable(file->fd, &status);
    return error ? failed(error, "write", file, message) : 0;
}

int file_write_bytes(struct file_write *file, const uint8_t *bytes, size_t size, char **message)
{
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(file->fd, bytes + done, size - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return failed(wrote < 0 ? errno : EIO, "write", file, message);
        done += (size_t)wrote;
    }
    file->done += size;
    return 0;
}

int file_write_finish(struct file_write *file, char **message)
{
    uint32_t mode = file->mode;
    if (mode == UINT32_MAX && file->created)
        mode = 0644;
    /* The owner first: chown takes the set-user-id bit away. */
    bool owner = file->uid != UINT32_MAX || file->gid != UINT32_MAX;
    int error = 0;
    if ((owner && fchown(file->fd, file->uid, file->gid) < 0) ||
        (mode != UINT32_MAX && fchmod(file->fd, mode & 07777) < 0))
        error = failed(errno, "set owner and mode of", file, message);
    close(file->fd);
    file->fd = -1;
    return error;
}

void file_write_free(struct file_write *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    free(file->path);
    file->path = NULL;
}
