/* The guest's part of the seam in system.h: names, freezing, and what a restored machine must not share with others. */
#include "system.h"

#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HOST_NAME_MAX_LINUX = 64,
    CACHE_LINE = 64, /* Linux's SMP_CACHE_BYTES on x86-64 and arm64; the buffers have at least 32 bytes */
    READ_AHEAD = 2 * CACHE_LINE
};

/* A new file in the place of the old one, which may be a link into a place that is not there. */
static int replace_file(const char *path, const char *text)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return errno;
    ssize_t written = write(fd, text, strlen(text));
    int error = written < 0 ? errno : 0;
    close(fd);
    return error;
}

static bool one_word(const char *text) { return *text && !text[strcspn(text, " \t\r\n#")]; }

char *system_set_names(const char *hostname, const struct strings *extra_hosts, uint32_t *code)
{
    *code = BROKEN_REQUEST;
    if (!one_word(hostname) || strlen(hostname) > HOST_NAME_MAX_LINUX)
        return format_text("\"%s\" cannot be a host name: 1 to %d characters without blanks are needed", hostname,
                           HOST_NAME_MAX_LINUX);
    struct buffer hosts = {0};
    char *text = format_text("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.107.0.2\t%s\n", hostname);
    put_bytes(&hosts, text, strlen(text));
    free(text);
    for (size_t i = 0; i + 1 < extra_hosts->count; i += 2) {
        const char *name = extra_hosts->items[i], *address = extra_hosts->items[i + 1];
        if (!one_word(name) || !one_word(address)) {
            buffer_free(&hosts);
            return format_text("\"%s\" with address \"%s\" cannot stand in /etc/hosts", name, address);
        }
        text = format_text("%s\t%s\n", address, name);
        put_bytes(&hosts, text, strlen(text));
        free(text);
    }
    put_u8(&hosts, 0);
    char *line = format_text("%s\n", hostname), *problem = NULL;
    int error = 0;
    if (sethostname(hostname, strlen(hostname)) < 0)
        problem = format_text("cannot set the host name \"%s\": %s", hostname, strerror(error = errno));
    else if ((error = replace_file("/etc/hostname", line)))
        problem = format_text("cannot write /etc/hostname: %s", strerror(error));
    else if ((error = replace_file("/etc/hosts", (const char *)hosts.data)))
        problem = format_text("cannot write /etc/hosts: %s", strerror(error));
    *code = (uint32_t)error;
    free(line);
    buffer_free(&hosts);
    return problem;
}

int system_freeze(bool frozen) { return write_file("/sys/fs/cgroup/workload/cgroup.freeze", frozen ? "1" : "0"); }

bool system_is_frozen(void)
{
    char *events = read_file("/sys/fs/cgroup/workload/cgroup.events", 4096, NULL);
    bool frozen = events && strstr(events, "frozen 1");
    free(events);
    return frozen;
}

/* What Linux has read ahead from /dev/hwrng it read before the capture, so every copy would hand it out first. That is at most a cache
   line in the driver (virtio-rng.c, `data`) and one in front of it (hw_random/core.c, `rng_buffer`); what the kernel's own thread holds
   (`rng_fillbuf`) goes into the pool, which is reseeded. With O_NONBLOCK nothing waits for the device: what is not there yet comes from
   this machine's run. */
static void discard_read_ahead(void)
{
    uint8_t stale[READ_AHEAD];
    int fd = open("/dev/hwrng", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return; /* there is no such device, and so nothing it has read */
    for (size_t left = sizeof stale; left > 0;) {
        ssize_t got = read(fd, stale, left);
        if (got <= 0)
            break;
        left -= (size_t)got;
    }
    close(fd);
}

static char *reseed(const uint8_t entropy[32])
{
    struct {
        struct rand_pool_info info; /* linux/random.h: count in bits, size in bytes, then the bytes */
        uint8_t bytes[32];
    } pool = {.info = {.entropy_count = 256, .buf_size = 32}};
    memcpy(pool.bytes, entropy, sizeof pool.bytes);
    int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    char *problem = NULL;
    if (fd < 0)
        problem = format_text("cannot open /dev/urandom: %s", strerror(errno));
    else if (ioctl(fd, RNDADDENTROPY, &pool) < 0)
        problem = format_text("cannot mix in entropy (RNDADDENTROPY): %s", strerror(errno));
    else if (ioctl(fd, RNDRESEEDCRNG) < 0)
        problem = format_text("cannot reseed the kernel's generator (RNDRESEEDCRNG): %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return problem;
}

char *system_set_clock(uint64_t seconds, uint32_t nanoseconds)
{
    struct timespec now = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
    return clock_settime(CLOCK_REALTIME, &now) < 0 ? format_text("cannot set the clock: %s", strerror(errno)) : NULL;
}

char *system_renew(const uint8_t entropy[32], uint64_t seconds, uint32_t nanoseconds)
{
    discard_read_ahead();
    char *problem = reseed(entropy);
    return problem ? problem : system_set_clock(seconds, nanoseconds);
}
