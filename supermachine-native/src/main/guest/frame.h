/* Frames of docs/agent-protocol.md: the header, its check, and a decoder fed with whatever a read gives. */
#ifndef SM_FRAME_H
#define SM_FRAME_H

#include "codec.h"

enum {
    PROTOCOL_VERSION = 1,
    FRAME_HEADER = 16,
    FRAME_PAYLOAD_MAX = 65536,
    FRAME_MAGIC = 0x4D53,
};

enum frame_type {
    HELLO = 0x01,
    HELLO_ACK = 0x02,
    CONFIGURE = 0x03,
    CONFIGURED = 0x04,
    START = 0x05,
    STARTED = 0x06,
    FREEZE = 0x07,
    PARKED = 0x08,
    RESUME = 0x09,
    RESUMED = 0x0A,
    WORKLOAD_EXIT = 0x0B,
    CONTROL_ERROR = 0x0C,
    PING = 0x0D,
    PONG = 0x0E,
    WORKLOAD_SIGNAL = 0x0F,
    REHEARSE = 0x10,
    REHEARSED = 0x11,
    THAW = 0x12,
    THAWED = 0x13,
    OPEN = 0x20,
    OPENED = 0x21,
    DATA = 0x22,
    CREDIT = 0x23,
    END = 0x24, /* EOF in the document; that name belongs to stdio here */
    SIGNAL = 0x25,
    RESIZE = 0x26,
    RESULT = 0x27,
    STREAM_ERROR = 0x28,
    RESET = 0x29,
};

/* Codes of ERROR beyond errno. */
enum { BROKEN_REQUEST = 1000, WRONG_STATE = 1001 };

struct frame {
    uint8_t type, flags;
    uint32_t stream, epoch;
    const uint8_t *payload; /* valid until the decoder is fed again */
    size_t size;
};

struct decoder {
    struct buffer pending;
    size_t consumed; /* bytes of `pending` that were handed out */
};

void frame_put(struct buffer *out, uint8_t type, uint8_t flags, uint32_t stream, uint32_t epoch, const void *payload,
               size_t size);

/* What is wrong with a frame the host sent, or NULL. */
const char *frame_problem(const struct frame *);

void decoder_feed(struct decoder *, const void *data, size_t size);

/* 1 and the next frame; 0: more bytes are needed; -1: the bytes are no frame, `problem` says why. */
int decoder_next(struct decoder *, struct frame *, const char **problem);

#endif
