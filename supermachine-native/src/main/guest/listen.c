/* LISTEN_WATCH: waits until ports are listened on, by looking at the kernel's tables; it never connects. */
#include "kinds.h"
#include "loop.h"
#include "procnet.h"
#include "workload.h"

#include <stdlib.h>
#include <string.h>

enum { ALL_LISTENING = 0, TIMED_OUT = 1, WORKLOAD_ENDED = 2 };
enum { TABLE_MAX = 16 * 1024 * 1024 };
static const uint64_t INTERVAL_NS = 5 * 1000 * 1000;

struct listen_watch {
    struct stream *stream;
    struct timer timer;
    uint64_t deadline; /* monotonic */
    size_t count;
    uint16_t ports[];
};

static bool all_listening(const struct listen_watch *watch)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    static bool listening[65536];
    memset(listening, 0, sizeof listening);
    for (int i = 0; i < 2; i++) {
        char *text = read_file(tables[i], TABLE_MAX, NULL);
        if (text)
            procnet_scan(text, listening); /* no tcp6 where the kernel has no IPv6 */
        free(text);
    }
    for (size_t i = 0; i < watch->count; i++)
        if (!listening[watch->ports[i]])
            return false;
    return true;
}

static void check(struct timer *timer)
{
    struct listen_watch *watch = timer->owner;
    int state = all_listening(watch)                ? ALL_LISTENING
                : workload_has_ended()              ? WORKLOAD_ENDED
                : monotonic_ns() >= watch->deadline ? TIMED_OUT
                                                    : -1;
    if (state < 0) {
        timer_set(timer, INTERVAL_NS);
        return;
    }
    struct buffer result = {0};
    put_u8(&result, (uint8_t)state);
    stream_result(watch->stream, &result);
}

static void open_watch(struct stream *stream, struct reader *request)
{
    uint32_t count = read_u32(request);
    if (count > 65536)
        count = 0, request->broken = true;
    struct listen_watch *watch = allocate(sizeof *watch + count * sizeof(uint16_t));
    watch->stream = stream;
    watch->count = count;
    watch->timer.owner = watch;
    watch->timer.due = check;
    stream->state = watch;
    for (size_t i = 0; i < count; i++)
        watch->ports[i] = read_u16(request);
    uint64_t timeout_ms = read_u64(request), now = monotonic_ns();
    watch->deadline = timeout_ms > (UINT64_MAX - now) / 1000000 ? UINT64_MAX : now + timeout_ms * 1000000;
    if (!reader_finished(request)) {
        stream_fail(stream, BROKEN_REQUEST, "broken request: LISTEN_WATCH");
        return;
    }
    stream_opened(stream, NULL);
    check(&watch->timer);
}

static bool nothing_to_pump(struct stream *stream)
{
    (void)stream;
    return false;
}

static void close_watch(struct stream *stream, bool reset)
{
    (void)reset;
    struct listen_watch *watch = stream->state;
    timer_clear(&watch->timer);
    free_later(watch);
}

const struct kind listen_watch_kind = {
    .name = "LISTEN_WATCH",
    .open = open_watch,
    .pump = nothing_to_pump,
    .close = close_watch,
};
