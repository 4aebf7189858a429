/* A host for the agent as a whole, which runs in a child process. */
#ifndef SM_FAKE_HOST_H
#define SM_FAKE_HOST_H

#include "check.h"

#include "codec.h"
#include "frame.h"

#include <sys/types.h>

struct host {
    pid_t pid;
    int to, from, messages;
    struct buffer received;
    uint32_t epoch;
};

struct answer {
    uint8_t type, flags;
    uint32_t stream, epoch, size;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

void begin(struct host *);
/* Up to the HELLO_ACK. */
void greet(struct host *, struct answer *);
/* Waits for the agent's end; what it said last, unless NULL. */
void finish(struct host *, int status, const char *message);

void send_frame(struct host *, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t size);
void open_stream(struct host *, uint32_t id, uint8_t kind, uint32_t credit, const struct buffer *request);
void send_activation(struct host *, uint8_t type, uint32_t epoch, bool hold);
void send_resume(struct host *, uint32_t epoch, bool hold);

/* The next frame within `ms`; false when there is none, or the agent has ended. */
bool receive(struct host *, struct answer *, int ms);
void expect(struct host *, uint8_t type, struct answer *);
void expect_error(struct host *, uint8_t type, uint32_t code, const char *message, struct answer *);

#endif
