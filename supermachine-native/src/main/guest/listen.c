/*
 * LISTEN_WATCH: waits until ports are listened on, by looking at the kernel's tables; it never connects. Servers listen before they can
 * answer (PostgreSQL before it has recovered, Redis before it has loaded), so it then waits until the workload's processes come to rest.
 */
#include "kinds.h"
#include "loop.h"
#include "procnet.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALL_LISTENING = 0, TIMED_OUT = 1, WORKLOAD_ENDED = 2 };
enum { TABLE_MAX = 16 * 1024 * 1024, MAX_SETTLE_MS = 60 * 1000 };
static const uint64_t INTERVAL_NS = 5 * 1000 * 1000;

/* At rest: for this many windows in a row, less than this much processor time in each. */
enum { REST_WINDOWS = 2, REST_MAX_US = 5 * 1000 };
static const uint64_t REST_WINDOW_NS = 100 * 1000 * 1000;

struct listen_watch {
    struct stream *stream;
    struct timer timer;
    uint64_t deadline;       /* monotonic */
    uint64_t settle_limit;   /* nanoseconds */
    uint64_t settle_until;   /* monotonic */
    uint64_t used_us;        /* at the beginning of the window */
    int windows_at_rest;
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

/* Processor time of all processes but the agent, in microseconds; 0 where there is no cgroup. */
static uint64_t processor_time_us(void)
{
    char *text = read_file("/sys/fs/cgroup/workload/cpu.stat", 4096, NULL);
    unsigned long long used = 0;
    if (text && sscanf(text, "usage_usec %llu", &used) != 1)
        used = 0;
    free(text);
    return used;
}

static void finish(struct listen_watch *watch, int state)
{
    struct buffer result = {0};
    put_u8(&result, (uint8_t)state);
    stream_result(watch->stream, &result);
}

/* One window further on the way to rest. */
static void settle(struct timer *timer)
{
    struct listen_watch *watch = timer->owner;
    uint64_t used = processor_time_us();
    watch->windows_at_rest = used - watch->used_us < REST_MAX_US ? watch->windows_at_rest + 1 : 0;
    watch->used_us = used;
    if (watch->windows_at_rest >= REST_WINDOWS || monotonic_ns() >= watch->settle_until)
        finish(watch, ALL_LISTENING);
    else
        timer_set(timer, REST_WINDOW_NS);
}

static void check(struct timer *timer)
{
    struct listen_watch *watch = timer->owner;
    if (all_listening(watch)) {
        if (watch->settle_limit == 0) {
            finish(watch, ALL_LISTENING);
            return;
        }
        watch->settle_until = monotonic_ns() + watch->settle_limit;
        watch->used_us = processor_time_us();
        timer->due = settle;
        timer_set(timer, REST_WINDOW_NS);
    } else if (workload_has_ended()) {
        finish(watch, WORKLOAD_ENDED);
    } else if (monotonic_ns() >= watch->deadline) {
        finish(watch, TIMED_OUT);
    } else {
        timer_set(timer, INTERVAL_NS);
    }
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
    uint64_t timeout_ms = read_u64(request), settle_ms = read_u64(request), now = monotonic_ns();
    watch->deadline = timeout_ms > (UINT64_MAX - now) / 1000000 ? UINT64_MAX : now + timeout_ms * 1000000;
    watch->settle_limit = (settle_ms < MAX_SETTLE_MS ? settle_ms : MAX_SETTLE_MS) * 1000000;
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
