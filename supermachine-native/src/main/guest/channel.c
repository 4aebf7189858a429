#include "channel.h"

#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    QUEUE_FOR_DATA = 256 * 1024, /* DATA waits above this, so that one busy stream cannot grow the queue */
    QUEUE_LIMIT = 1024 * 1024,   /* above this nothing more is read: a host that only asks and never reads waits */
    READS_PER_ROUND = 16, /* the port gives 4 KiB at a time */
    WRITE_CHUNK = 32 * 1024, /* the most virtio_console takes at once */
};

/*
 * Both descriptors are watched edge-triggered. While the host's end is closed (around a capture) the port reports a
 * hang-up that a level-triggered wait would return for ever; like this it is told once, and told again when the host is
 * back.
 */
static struct watch in_watch = {.fd = -1}, out_watch = {.fd = -1};
static bool readable, writable;
static struct decoder decoder;
static struct buffer queue;
static size_t written; /* bytes of the queue already out */
static uint32_t epoch;
static void (*handle_frame)(const struct frame *);

static void ready(struct watch *watch, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        readable = readable || watch == &in_watch;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        writable = true;
}

static void watch_descriptor(struct watch *watch, int fd, uint32_t events)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        fatal("cannot make the channel non-blocking: %s", strerror(errno));
    watch->fd = fd;
    watch->ready = ready;
    watch->always = true;
    watch_set(watch, events | EPOLLET);
}

void channel_init(int in, int out, void (*handle)(const struct frame *))
{
    handle_frame = handle;
    readable = writable = true;
    watch_descriptor(&in_watch, in, EPOLLIN | (in == out ? (uint32_t)EPOLLOUT : 0));
    if (in != out)
        watch_descriptor(&out_watch, out, EPOLLOUT);
    else
        out_watch.fd = out; /* not watched twice */
}

uint32_t channel_epoch(void) { return epoch; }

void channel_begin_epoch(uint32_t next)
{
    epoch = next;
    queue.size = written = 0;
}

void channel_send(uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t size)
{
    if (size > FRAME_PAYLOAD_MAX)
        fatal("a frame of type 0x%02x with %zu bytes was to be sent", type, size);
    if (written && written == queue.size)
        queue.size = written = 0;
    frame_put(&queue, type, flags, stream, epoch, payload, size);
}

void channel_send_buffer(uint8_t type, uint32_t stream, struct buffer *payload)
{
    channel_send(type, 0, stream, payload->data, payload->size);
    buffer_free(payload);
}

void channel_send_error(uint8_t type, uint32_t stream, uint32_t code, const char *message)
{
    size_t length = strlen(message);
    struct buffer payload = {0};
    put_u32(&payload, code);
    put_u32(&payload, (uint32_t)(length > 4096 ? 4096 : length));
    put_bytes(&payload, message, length > 4096 ? 4096 : length);
    channel_send_buffer(type, stream, &payload);
}

bool channel_has_space(void) { return queue.size - written < QUEUE_FOR_DATA; }
bool channel_is_empty(void) { return queue.size == written; }

static void write_queue(void)
{
    while (writable && written < queue.size) {
        size_t size = queue.size - written;
        ssize_t sent = write(out_watch.fd, queue.data + written, size > WRITE_CHUNK ? WRITE_CHUNK : size);
        if (sent > 0) {
            written += (size_t)sent;
        } else if (sent == 0 || errno == EAGAIN) {
            writable = false;
        } else if (errno == EPIPE) {
            power_off(0); /* hosted only: whoever ran this agent is gone */
        } else if (errno != EINTR) {
            fatal("cannot write to the channel: %s", strerror(errno));
        }
    }
    if (written == queue.size || written > QUEUE_FOR_DATA) {
        buffer_drop(&queue, written);
        written = 0;
    }
}

static void read_some(void)
{
    uint8_t bytes[65536];
    ssize_t got = read(in_watch.fd, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR)
        return;
    if (got == 0 && in_watch.fd != out_watch.fd)
        power_off(0); /* hosted only: end of the input is the end of the agent */
    if (got == 0 || (got < 0 && errno == EAGAIN)) {
        readable = false; /* nothing there, or no host at the other end just now */
        return;
    }
    if (got < 0)
        fatal("cannot read from the channel: %s", strerror(errno));
    decoder_feed(&decoder, bytes, (size_t)got);
    struct frame frame;
    const char *problem = NULL;
    int found;
    while ((found = decoder_next(&decoder, &frame, &problem)) > 0)
        handle_frame(&frame);
    if (found < 0)
        fatal("broken frame from the host: %s (type 0x%02x, stream %u)", problem, frame.type, frame.stream);
}

bool channel_pump(void)
{
    for (int i = 0; i < READS_PER_ROUND && readable && queue.size - written < QUEUE_LIMIT; i++) {
        read_some();
        write_queue(); /* the answers to what was just read do not wait for what is still to be read */
    }
    write_queue();
    return readable && queue.size - written < QUEUE_LIMIT;
}
