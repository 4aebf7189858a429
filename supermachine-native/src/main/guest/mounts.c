#include "mounts.h"

#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void directory(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        chmod(path, mode); /* whatever the umask is */
    else if (errno != EEXIST)
        fatal("cannot create %s: %s", path, strerror(errno));
}

static const char *likely_cause(int error)
{
    switch (error) {
    case ENODEV:
        return "; this kernel does not know that file system: is its module in the initial root file system?";
    case EINVAL:
    case EUCLEAN:
        return "; what is there is not such a file system, or is damaged";
    default:
        return "";
    }
}

static void mount_at(const char *type, const char *source, const char *target, unsigned long flags, const char *options)
{
    if (mount(source, target, type, flags, options) < 0)
        fatal("cannot mount %s (%s) at %s: %s%s", type, source, target, strerror(errno), likely_cause(errno));
}

static void open_console(void)
{
    int null = open("/dev/null", O_RDONLY);
    int console = open("/dev/console", O_WRONLY | O_NOCTTY);
    if (console < 0)
        console = open("/dev/null", O_WRONLY);
    if (null < 0 || console < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(console, STDOUT_FILENO);
    dup2(console, STDERR_FILENO);
    if (null > 2)
        close(null);
    if (console > 2)
        close(console);
}

void mounts_early(void)
{
    umask(022);
    directory("/proc", 0555);
    directory("/sys", 0555);
    directory("/dev", 0755);
    mount_at("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_at("sysfs", "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    /* A kernel may have mounted it for us. */
    if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755") < 0 && errno != EBUSY)
        fatal("cannot mount devtmpfs at /dev: %s", strerror(errno));
    open_console();
}

/* Empties a directory of the initial root file system; other file systems mounted below it are left alone. */
static void erase(int directory_fd, dev_t device)
{
    DIR *listing = fdopendir(directory_fd);
    if (!listing) {
        close(directory_fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        struct stat status;
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") ||
            fstatat(dirfd(listing), name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_dev != device)
            continue;
        if (S_ISDIR(status.st_mode)) {
            int below = openat(dirfd(listing), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below >= 0)
                erase(below, device);
        }
        unlinkat(dirfd(listing), name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
    }
    closedir(listing);
}

static void move_mount_below(const char *from, const char *root)
{
    char *target = format_text("%s%s", root, from);
    directory(target, 0755);
    if (mount(from, target, NULL, MS_MOVE, NULL) < 0)
        fatal("cannot move %s to %s: %s", from, target, strerror(errno));
}

static void enter(const char *root)
{
    struct stat initial;
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &initial) < 0 || chdir(root) < 0)
        fatal("cannot enter %s: %s", root, strerror(errno));
    erase(fd, initial.st_dev);
    if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
        fatal("cannot make the image the root: %s", strerror(errno));
}

static void link_in_dev(const char *target, const char *path)
{
    if (symlink(target, path) < 0 && errno != EEXIST)
        say("cannot create %s: %s", path, strerror(errno));
}

static void inner_mounts(void)
{
    directory("/dev/pts", 0755);
    directory("/dev/shm", 01777);
    directory("/dev/mqueue", 01777);
    mount_at("devpts", "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
    mount_at("tmpfs", "shm", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
    mount_at("mqueue", "mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    link_in_dev("/proc/self/fd", "/dev/fd");
    link_in_dev("/proc/self/fd/0", "/dev/stdin");
    link_in_dev("/proc/self/fd/1", "/dev/stdout");
    link_in_dev("/proc/self/fd/2", "/dev/stderr");
    directory("/tmp", 01777);
    directory("/run", 0755);
    directory("/etc", 0755);
    mount_at("cgroup2", "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    directory("/sys/fs/cgroup/workload", 0755);
}

void mounts_root(const char *disk)
{
    directory("/sm", 0700);
    directory("/sm/image", 0755);
    directory("/sm/writable", 0755);
    directory("/sm/root", 0755);
    mount_at("erofs", disk, "/sm/image", MS_RDONLY, NULL);
    mount_at("tmpfs", "writable", "/sm/writable", 0, "mode=755");
    directory("/sm/writable/upper", 0755);
    directory("/sm/writable/work", 0755);
    /* The root directory's own owner and mode come from the upper layer. */
    struct stat image;
    if (stat("/sm/image", &image) == 0 && chown("/sm/writable/upper", image.st_uid, image.st_gid) == 0)
        chmod("/sm/writable/upper", image.st_mode & 07777);
    mount_at("overlay", "overlay", "/sm/root", 0,
             "lowerdir=/sm/image,upperdir=/sm/writable/upper,workdir=/sm/writable/work");
    /* The overlay holds its layers itself; nobody needs them by name. */
    umount2("/sm/image", MNT_DETACH);
    umount2("/sm/writable", MNT_DETACH);
    move_mount_below("/proc", "/sm/root");
    move_mount_below("/sys", "/sm/root");
    move_mount_below("/dev", "/sm/root");
    enter("/sm/root");
    inner_mounts();
}
