/* Streams: their table, their credit, and the interface of what runs on them. */
#ifndef SM_STREAM_H
#define SM_STREAM_H

#include "channel.h"

enum {
    STREAMS_MAX = 256,
    CREDIT_MAX = 16 * 1024 * 1024,
    INPUT_WINDOW = 256 * 1024, /* what OPENED grants for subchannel 0 */
};

struct stream;

/* One kind of stream. Every function but `open`, `pump` and `close` may be NULL: such frames are then ignored. */
struct kind {
    const char *name;
    bool takes_input;
    bool early_input; /* the window is open with OPEN already: what is sent with it needs no round trip */
    bool while_held;  /* needs no process of the guest */
    /* Reads the kind's request. Ends in stream_opened, stream_fail, or neither yet. */
    void (*open)(struct stream *, struct reader *request);
    void (*data)(struct stream *, const uint8_t *bytes, size_t size);
    void (*end_of_input)(struct stream *);
    /* Moves one chunk; true when something was done and more may be possible at once, false to sleep until
     * stream_wake. Not called while the channel has no space. */
    bool (*pump)(struct stream *);
    void (*signal)(struct stream *, int signal);
    void (*resize)(struct stream *, uint16_t rows, uint16_t columns);
    /* Gives everything back; `reset` when the host abandoned the stream. */
    void (*close)(struct stream *, bool reset);
};

struct stream {
    uint32_t id;
    const struct kind *kind;
    void *state;
    uint32_t credit[3];   /* bytes that may still be sent on 1 and 2 */
    uint32_t window;      /* bytes that the host may still send on 0 */
    uint32_t to_grant;    /* consumed, not yet granted again */
    bool opened, awake, gone;
    bool input_ended, end_pending; /* the host's EOF: seen; seen, but not yet told to the kind */
    bool ended[3];                 /* our EOF was sent */
    struct stream *next;
};

/* What the kinds call. After stream_fail and stream_result the stream is gone. */
void stream_opened(struct stream *, struct buffer *reply); /* `reply` may be NULL; it is freed */
void stream_send(struct stream *, int subchannel, const void *data, size_t size);
void stream_send_end(struct stream *, int subchannel); /* once; later calls do nothing */
void stream_consumed(struct stream *, size_t size);
void stream_result(struct stream *, struct buffer *result); /* may be NULL; it is freed */
void stream_fail(struct stream *, uint32_t code, const char *format, ...) PRINTF(3, 4);
void stream_wake(struct stream *);

/* How much of `size` may be sent on a subchannel now. */
size_t stream_allowance(const struct stream *, int subchannel, size_t size);

/* What the session calls. */
/* While a resumed guest is `held`, only kinds that need none of its processes are opened. */
void streams_frame(const struct frame *, bool held);
bool streams_pump(void); /* true when more can be done without waiting */
size_t streams_open(void);
void streams_drop_all(void);

/* Adds to a window; false if it would go above CREDIT_MAX. */
bool credit_add(uint32_t *credit, uint32_t more);

#endif
