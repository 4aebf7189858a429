#include "logs.h"

#include "kinds.h"
#include "logring.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING = 1024 * 1024, CHUNK = 65536 };
enum { UNTIL_NOW, FOLLOW, FOLLOW_RUN };

static struct log_ring ring;
static struct watch pipes[3] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
static bool workload_ended;

struct log_reader {
    struct stream *stream;
    bool follow;
    uint64_t until; /* without follow: the text bytes that had come when the stream was opened */
    struct log_cursor cursor;
    struct log_reader *next;
};

static struct log_reader *readers;
static uint64_t received; /* text bytes from the beginning */
static struct log_cursor run_begin; /* zeros, the oldest byte, before there was a RESUME */

static bool take(struct watch *watch)
{
    uint8_t bytes[CHUNK];
    ssize_t got = read(watch->fd, bytes, sizeof bytes);
    if (got < 0)
        return errno == EINTR;
    if (got == 0) {
        watch_close(watch);
        return false;
    }
    log_ring_put(&ring, watch == &pipes[1] ? 1 : 2, bytes, (size_t)got);
    received += (uint64_t)got;
    return true;
}

static void wake_readers(void)
{
    for (struct log_reader *reader = readers; reader; reader = reader->next)
        stream_wake(reader->stream);
}

/* Always read, whoever listens: the workload must never wait for a reader of its log. */
static void pipe_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    take(watch);
    wake_readers();
}

int logs_attach(int output, const struct identity *identity)
{
    int fds[2];
    if (!ring.bytes)
        log_ring_init(&ring, RING);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    watch_close(&pipes[output]);
    pipes[output] = (struct watch){.fd = fds[0], .ready = pipe_ready};
    watch_set(&pipes[output], EPOLLIN);
    /* So that a program of another user may open /dev/stdout, as many images' log files are linked to it. */
    if (geteuid() == 0 && fchown(fds[1], identity->uid, identity->gid) < 0)
        say("fchown of a pipe: %s", strerror(errno));
    return fds[1];
}

void logs_drain(void)
{
    for (int output = 1; output <= 2; output++)
        while (pipes[output].fd >= 0 && take(&pipes[output]))
            continue;
}

void logs_resumed(void) { run_begin = log_ring_end(&ring); }

void logs_workload_ended(void)
{
    workload_ended = true;
    logs_drain();
    wake_readers();
}

static void open_log(struct stream *stream, struct reader *request)
{
    struct log_reader *reader = allocate(sizeof *reader);
    uint8_t follow = read_u8(request);
    *reader = (struct log_reader){.stream = stream, .follow = follow != UNTIL_NOW, .until = received, .next = readers};
    if (follow == FOLLOW_RUN)
        reader->cursor = run_begin;
    readers = reader;
    stream->state = reader;
    if (!reader_finished(request) || follow > FOLLOW_RUN)
        stream_fail(stream, BROKEN_REQUEST, "broken request: LOG");
    else
        stream_opened(stream, NULL);
}

static bool pump_log(struct stream *stream)
{
    struct log_reader *reader = stream->state;
    const uint8_t *text;
    size_t size;
    if (!ring.bytes)
        log_ring_init(&ring, RING);
    int output = log_ring_peek(&ring, &reader->cursor, &text, &size);
    bool over = reader->follow ? workload_ended && !output : !output || reader->cursor.taken >= reader->until;
    if (over) {
        struct buffer result = {0};
        put_u64(&result, reader->cursor.lost);
        stream_send_end(stream, 1);
        stream_send_end(stream, 2);
        stream_result(stream, &result);
        return false;
    }
    if (!output)
        return false;
    if (!reader->follow && size > reader->until - reader->cursor.taken)
        size = (size_t)(reader->until - reader->cursor.taken);
    size = stream_allowance(stream, output, size);
    if (!size)
        return false;
    stream_send(stream, output, text, size);
    log_ring_take(&ring, &reader->cursor, size);
    return true;
}

static void close_log(struct stream *stream, bool reset)
{
    (void)reset;
    for (struct log_reader **at = &readers; *at; at = &(*at)->next)
        if ((*at)->stream == stream) {
            *at = (*at)->next;
            break;
        }
    free_later(stream->state);
}

const struct kind log_kind = {
    .name = "LOG",
    .open = open_log,
    .pump = pump_log,
    .close = close_log,
};
