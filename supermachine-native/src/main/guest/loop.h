/* The one event loop: descriptors, timers, and work put off to the end of a round. Nothing in it ever blocks. */
#ifndef SM_LOOP_H
#define SM_LOOP_H

#include "util.h"

#include <sys/epoll.h>

struct watch {
    int fd; /* -1: not in use */
    uint32_t events;
    bool added;
    bool always; /* looked at during loop_hold too; set before the first watch_set */
    void (*ready)(struct watch *, uint32_t events);
    void *owner;
};

struct timer {
    uint64_t at; /* monotonic nanoseconds; 0: not set */
    void (*due)(struct timer *);
    void *owner;
    struct timer *next;
};

void loop_init(void);

/* From now on only descriptors that are always watched are looked at, and no timer is due. What happens to the others meanwhile is told
   when it is over. */
void loop_hold(bool held);

/* Changes what is waited for. No events takes the descriptor out altogether: epoll would report a hang-up for ever. */
void watch_set(struct watch *, uint32_t events);
void watch_close(struct watch *); /* also closes the descriptor */

void timer_set(struct timer *, uint64_t delay_ns);
void timer_clear(struct timer *);

/* Frees memory at the end of the round, when no event of this round can refer to it any more. */
void free_later(void *memory);

/* One round: waits (not at all if `busy`), calls what is ready. */
void loop_round(bool busy);

#endif
