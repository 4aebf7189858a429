#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int epoll_fd = -1, always_fd = -1;
static bool held;
static struct timer *timers; /* few, unsorted */
static void **garbage;
static size_t garbage_count;

void loop_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    always_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || always_fd < 0)
        fatal("epoll_create1: %s", strerror(errno));
}

void loop_hold(bool hold) { held = hold; }

void watch_set(struct watch *watch, uint32_t events)
{
    if (watch->fd < 0 || (watch->added ? watch->events == events : events == 0))
        return;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    int operation = !watch->added ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    if (epoll_ctl(epoll_fd, operation, watch->fd, &event) < 0)
        fatal("epoll_ctl on descriptor %d: %s", watch->fd, strerror(errno));
    if (watch->always && epoll_ctl(always_fd, operation, watch->fd, &event) < 0)
        fatal("epoll_ctl on descriptor %d, which is always watched: %s", watch->fd, strerror(errno));
    watch->added = events != 0;
    watch->events = events;
}

void watch_close(struct watch *watch)
{
    if (watch->fd < 0)
        return;
    watch_set(watch, 0);
    close(watch->fd);
    watch->fd = -1;
}

void timer_clear(struct timer *timer)
{
    for (struct timer **at = &timers; *at; at = &(*at)->next)
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    timer->at = 0;
}

void timer_set(struct timer *timer, uint64_t delay_ns)
{
    timer_clear(timer);
    uint64_t now = monotonic_ns();
    timer->at = delay_ns > UINT64_MAX - now ? UINT64_MAX : now + delay_ns;
    timer->next = timers;
    timers = timer;
}

void free_later(void *memory)
{
    garbage = reallocate(garbage, (garbage_count + 1) * sizeof *garbage);
    garbage[garbage_count++] = memory;
}

static int wait_ms(void)
{
    uint64_t first = UINT64_MAX, now = monotonic_ns();
    for (struct timer *timer = timers; timer; timer = timer->next)
        if (timer->at < first)
            first = timer->at;
    if (first == UINT64_MAX)
        return -1;
    if (first <= now)
        return 0;
    uint64_t ms = (first - now + 999999) / 1000000;
    return ms > 60000 ? 60000 : (int)ms;
}

static void run_timers(void)
{
    uint64_t now = monotonic_ns();
    for (;;) {
        struct timer *due = NULL;
        for (struct timer *timer = timers; timer; timer = timer->next)
            if (timer->at <= now && (!due || timer->at < due->at))
                due = timer;
        if (!due)
            return;
        timer_clear(due);
        due->due(due);
    }
}

void loop_round(bool busy)
{
    struct epoll_event events[64];
    int count = epoll_wait(held ? always_fd : epoll_fd, events, 64, busy ? 0 : held ? -1 : wait_ms());
    if (count < 0 && errno != EINTR)
        fatal("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        if (watch->added) /* an earlier callback of this round may have taken it out */
            watch->ready(watch, events[i].events);
    }
    if (!held)
        run_timers();
    while (garbage_count)
        free(garbage[--garbage_count]);
}
