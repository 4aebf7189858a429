/*
 * A file system without flock, for tests: it shows a directory as it is, and answers every flock(2) with an error. The kernel passes flock on to a FUSE server
 * that asks for it, so what a program sees is what a network file system without a lock daemon shows.
 *
 * noflock DIRECTORY MOUNT_POINT ERRNO: serves until it is unmounted; prints a line when it is mounted. Needs root. One request after the other; names are
 * paths below DIRECTORY, which nobody else may change meanwhile.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { MOST_NODES = 4096, MOST_BYTES = 1 << 17 };

static int device;
static int lock_error;

/* Node n + 1 is the file at paths[n], relative to the root. A number stays a file's own: a rename moves it, the end of a file frees it never. */
static char *paths[MOST_NODES] = {"."};
static size_t nodes = 1;

static _Alignas(16) char request[MOST_BYTES + 4096];
static const struct fuse_in_header *in = (const void *)request;
static const void *argument = request + sizeof(struct fuse_in_header);

static void reply(int error, const void *body, size_t size)
{
    struct fuse_out_header header = {(uint32_t)(sizeof header + size), -error, in->unique};
    static char whole[MOST_BYTES + sizeof header];
    memcpy(whole, &header, sizeof header);
    if (size)
        memcpy(whole + sizeof header, body, size);
    /* ENOENT: who asked was interrupted meanwhile. */
    if (write(device, whole, sizeof header + size) < 0 && errno != ENOENT)
        perror("noflock: reply");
}

static void status(int result)
{
    reply(result < 0 ? errno : 0, NULL, 0);
}

static const char *path_of(uint64_t node)
{
    return paths[node - 1];
}

/* A text that lives as long as the program, which a test ends soon. */
static char *text(const char *first, const char *second, const char *third)
{
    char *whole;
    if (asprintf(&whole, "%s%s%s", first, second, third) < 0)
        abort();
    return whole;
}

static char *join(uint64_t parent, const char *name)
{
    return text(path_of(parent), "/", name);
}

static uint64_t node_of(const char *path)
{
    for (size_t i = 0; i < nodes; i++)
        if (!strcmp(paths[i], path))
            return i + 1;
    if (nodes == MOST_NODES)
        return 0;
    paths[nodes++] = text(path, "", "");
    return nodes;
}

/* The name no longer leads to the file. An open one is reached by its descriptor. */
static void forget(const char *path)
{
    for (size_t i = 1; i < nodes; i++)
        if (!strcmp(paths[i], path))
            paths[i] = text("/nowhere", "", "");
}

static void moved(const char *from, const char *to)
{
    size_t length = strlen(from);
    forget(to);
    for (size_t i = 1; i < nodes; i++)
        if (!strncmp(paths[i], from, length) && (paths[i][length] == 0 || paths[i][length] == '/'))
            paths[i] = text(to, paths[i] + length, "");
}

static struct fuse_attr attributes(const struct stat *found)
{
    return (struct fuse_attr){
        .ino = found->st_ino,
        .size = (uint64_t)found->st_size,
        .blocks = (uint64_t)found->st_blocks,
        .atime = (uint64_t)found->st_atim.tv_sec,
        .mtime = (uint64_t)found->st_mtim.tv_sec,
        .ctime = (uint64_t)found->st_ctim.tv_sec,
        .atimensec = (uint32_t)found->st_atim.tv_nsec,
        .mtimensec = (uint32_t)found->st_mtim.tv_nsec,
        .ctimensec = (uint32_t)found->st_ctim.tv_nsec,
        .mode = found->st_mode,
        .nlink = (uint32_t)found->st_nlink,
        .uid = found->st_uid,
        .gid = found->st_gid,
        .blksize = 4096,
    };
}

static void reply_entry(const char *path)
{
    struct stat found;
    if (lstat(path, &found)) {
        status(-1);
        return;
    }
    struct fuse_entry_out entry = {.nodeid = node_of(path), .attr = attributes(&found)};
    reply(entry.nodeid ? 0 : ENFILE, &entry, entry.nodeid ? sizeof entry : 0);
}

static void reply_attributes(int result, const struct stat *found)
{
    struct fuse_attr_out out = {0};
    if (result) {
        status(result);
        return;
    }
    out.attr = attributes(found);
    reply(0, &out, sizeof out);
}

static void get_attributes(void)
{
    const struct fuse_getattr_in *get = argument;
    struct stat found;
    bool open_file = get->getattr_flags & FUSE_GETATTR_FH;
    reply_attributes(open_file ? fstat((int)get->fh, &found) : lstat(path_of(in->nodeid), &found), &found);
}

static void set_attributes(void)
{
    const struct fuse_setattr_in *set = argument;
    const char *path = path_of(in->nodeid);
    struct timespec times[2] = {
        {(time_t)set->atime, set->valid & FATTR_ATIME_NOW ? UTIME_NOW : set->valid & FATTR_ATIME ? set->atimensec : UTIME_OMIT},
        {(time_t)set->mtime, set->valid & FATTR_MTIME_NOW ? UTIME_NOW : set->valid & FATTR_MTIME ? set->mtimensec : UTIME_OMIT},
    };
    struct stat found;
    int result = 0;
    if (set->valid & FATTR_MODE)
        result = chmod(path, set->mode & 07777);
    if (!result && set->valid & FATTR_SIZE)
        result = set->valid & FATTR_FH ? ftruncate((int)set->fh, (off_t)set->size) : truncate(path, (off_t)set->size);
    if (!result && set->valid & (FATTR_ATIME | FATTR_MTIME))
        result = utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
    reply_attributes(result ? result : lstat(path, &found), &found);
}

static void open_node(int flags)
{
    const struct fuse_open_in *open_in = argument;
    int file = open(path_of(in->nodeid), (int)(open_in->flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY)) | flags);
    struct fuse_open_out out = {.fh = (uint64_t)file};
    reply(file < 0 ? errno : 0, &out, file < 0 ? 0 : sizeof out);
}

static void read_file(void)
{
    const struct fuse_read_in *range = argument;
    static char data[MOST_BYTES];
    ssize_t got = pread((int)range->fh, data, range->size < sizeof data ? range->size : sizeof data, (off_t)range->offset);
    reply(got < 0 ? errno : 0, data, got < 0 ? 0 : (size_t)got);
}

static void write_file(void)
{
    const struct fuse_write_in *range = argument;
    ssize_t put = pwrite((int)range->fh, range + 1, range->size, (off_t)range->offset);
    struct fuse_write_out out = {.size = (uint32_t)put};
    reply(put < 0 ? errno : 0, &out, put < 0 ? 0 : sizeof out);
}

/* From the beginning each time: the offset counts entries. */
static void read_directory(void)
{
    const struct fuse_read_in *range = argument;
    static _Alignas(8) char data[MOST_BYTES];
    size_t used = 0;
    uint64_t count = 0;
    DIR *directory = opendir(path_of(in->nodeid));
    if (!directory) {
        status(-1);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (count++ < range->offset)
            continue;
        size_t length = strlen(entry->d_name);
        size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
        if (used + size > range->size || used + size > sizeof data)
            break;
        struct fuse_dirent *out = (void *)(data + used);
        *out = (struct fuse_dirent){entry->d_ino, count, (uint32_t)length, entry->d_type};
        memset(out->name, 0, size - FUSE_NAME_OFFSET);
        memcpy(out->name, entry->d_name, length);
        used += size;
    }
    closedir(directory);
    reply(0, data, used);
}

static void rename_node(uint64_t to_parent, uint32_t flags, const char *from_name)
{
    const char *from = join(in->nodeid, from_name);
    const char *to = join(to_parent, from_name + strlen(from_name) + 1);
    int result = flags ? (errno = EINVAL, -1) : rename(from, to);
    if (!result)
        moved(from, to);
    status(result);
}

static void show_space(void)
{
    struct statfs found;
    if (statfs(".", &found)) {
        status(-1);
        return;
    }
    struct fuse_statfs_out out = {.st = {.blocks = found.f_blocks,
                                         .bfree = found.f_bfree,
                                         .bavail = found.f_bavail,
                                         .files = found.f_files,
                                         .ffree = found.f_ffree,
                                         .bsize = (uint32_t)found.f_bsize,
                                         .namelen = NAME_MAX,
                                         .frsize = (uint32_t)found.f_frsize}};
    reply(0, &out, sizeof out);
}

static void initialize(void)
{
    const struct fuse_init_in *init = argument;
    struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                                .minor = FUSE_KERNEL_MINOR_VERSION,
                                .max_readahead = init->max_readahead,
                                .flags = FUSE_FLOCK_LOCKS | FUSE_BIG_WRITES,
                                .max_background = 16,
                                .congestion_threshold = 12,
                                .max_write = MOST_BYTES,
                                .time_gran = 1};
    reply(0, &out, sizeof out);
}

static void remove_name(bool is_directory)
{
    const char *path = join(in->nodeid, argument);
    int result = is_directory ? rmdir(path) : unlink(path);
    if (!result)
        forget(path);
    status(result);
}

static void make_name(const char *name)
{
    const char *path = join(in->nodeid, name);
    int result;
    if (in->opcode == FUSE_MKDIR)
        result = mkdir(path, ((const struct fuse_mkdir_in *)argument)->mode);
    else if (in->opcode == FUSE_MKNOD)
        result = mknod(path, ((const struct fuse_mknod_in *)argument)->mode, 0);
    else
        result = link(path_of(((const struct fuse_link_in *)argument)->oldnodeid), path);
    if (result)
        status(result);
    else
        reply_entry(path);
}

static void answer(void)
{
    switch (in->opcode) {
    case FUSE_INIT:
        initialize();
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break; /* no reply */
    case FUSE_SETLK:
    case FUSE_SETLKW:
        errno = lock_error;
        status(-1);
        break;
    case FUSE_LOOKUP:
        reply_entry(join(in->nodeid, argument));
        break;
    case FUSE_GETATTR:
        get_attributes();
        break;
    case FUSE_SETATTR:
        set_attributes();
        break;
    case FUSE_MKNOD:
        make_name((const char *)argument + sizeof(struct fuse_mknod_in));
        break;
    case FUSE_MKDIR:
        make_name((const char *)argument + sizeof(struct fuse_mkdir_in));
        break;
    case FUSE_LINK:
        make_name((const char *)argument + sizeof(struct fuse_link_in));
        break;
    case FUSE_UNLINK:
        remove_name(false);
        break;
    case FUSE_RMDIR:
        remove_name(true);
        break;
    case FUSE_RENAME: {
        const struct fuse_rename_in *names = argument;
        rename_node(names->newdir, 0, (const char *)(names + 1));
        break;
    }
    case FUSE_RENAME2: {
        const struct fuse_rename2_in *names = argument;
        rename_node(names->newdir, names->flags, (const char *)(names + 1));
        break;
    }
    case FUSE_OPEN:
        open_node(0);
        break;
    case FUSE_OPENDIR:
        open_node(O_DIRECTORY);
        break;
    case FUSE_READ:
        read_file();
        break;
    case FUSE_WRITE:
        write_file();
        break;
    case FUSE_READDIR:
        read_directory();
        break;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
        status(close((int)((const struct fuse_release_in *)argument)->fh));
        break;
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
        status(fsync((int)((const struct fuse_fsync_in *)argument)->fh));
        break;
    case FUSE_STATFS:
        show_space();
        break;
    default:
        /* The kernel knows what to do instead; for FUSE_CREATE it makes the file and then opens it. */
        errno = ENOSYS;
        status(-1);
    }
}

int main(int count, char **arguments)
{
    if (count != 4) {
        fprintf(stderr, "usage: noflock DIRECTORY MOUNT_POINT ERRNO\n");
        return 2;
    }
    lock_error = atoi(arguments[3]);
    umask(0);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[100];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", device);
    if (chdir(arguments[1]) || device < 0 || mount("noflock", arguments[2], "fuse.noflock", MS_NOSUID | MS_NODEV, options)) {
        perror("noflock");
        return 1;
    }
    puts("mounted");
    fflush(stdout);
    while (true) {
        ssize_t got = read(device, request, sizeof request - 1);
        if (got < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
            continue;
        if (got < 0)
            return errno == ENODEV ? 0 : (perror("noflock: read"), 1);
        request[got] = 0;
        answer();
    }
}
