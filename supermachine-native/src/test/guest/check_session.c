/* The agent as a whole, in a child process: states, credit, and what ends it. */
#include "check.h"

#include "channel.h"
#include "loop.h"
#include "process.h"
#include "session.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

_Noreturn static void run_agent(int in, int out)
{
    loop_init();
    process_init();
    channel_init(in, out, session_frame);
    session_hello();
    bool busy = true;
    for (;;) {
        loop_round(busy);
        busy = channel_pump();
        busy |= streams_pump();
        busy |= channel_pump();
    }
}

static void begin(struct host *host)
{
    int to[2], from[2], messages[2];
    *host = (struct host){0};
    if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0 || pipe2(messages, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    host->pid = fork();
    if (host->pid == 0) {
        dup2(messages[1], STDERR_FILENO);
        close(to[1]);
        close(from[0]);
        run_agent(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    close(messages[1]);
    host->to = to[1];
    host->from = from[0];
    host->messages = messages[0];
}

static void send_frame(struct host *host, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t size)
{
    struct buffer out = {0};
    frame_put(&out, type, flags, stream, host->epoch, payload, size);
    for (size_t done = 0; done < out.size;) {
        ssize_t wrote = write(host->to, out.data + done, out.size - done);
        if (wrote <= 0)
            break; /* the agent has ended; the test will see it */
        done += (size_t)wrote;
    }
    buffer_free(&out);
}

/* The next frame within `ms`; false when there is none, or the agent has ended. */
static bool receive(struct host *host, struct answer *answer, int ms)
{
    for (;;) {
        struct reader in = reader_of(host->received.data, host->received.size);
        answer->size = read_u32(&in);
        answer->type = read_u8(&in);
        answer->flags = read_u8(&in);
        read_u16(&in);
        answer->stream = read_u32(&in);
        answer->epoch = read_u32(&in);
        const uint8_t *payload = in.broken ? NULL : read_bytes(&in, answer->size);
        if (payload) {
            memcpy(answer->payload, payload, answer->size);
            buffer_drop(&host->received, FRAME_HEADER + answer->size);
            return true;
        }
        struct pollfd poll_from = {.fd = host->from, .events = POLLIN};
        uint8_t bytes[65536];
        if (poll(&poll_from, 1, ms) <= 0)
            return false;
        ssize_t got = read(host->from, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        put_bytes(&host->received, bytes, (size_t)got);
    }
}

static void expect(struct host *host, uint8_t type, struct answer *answer)
{
    bool came = receive(host, answer, 20000);
    CHECK(came && answer->type == type);
}

static void greet(struct host *host, struct answer *answer)
{
    begin(host);
    expect(host, HELLO, answer);
    send_frame(host, HELLO_ACK, 0, 0, "\1\0\0\0", 4);
}

/* Waits for the agent's end; what it said last. */
static void finish(struct host *host, int status, const char *message)
{
    int found = -1;
    char text[4096];
    close(host->to);
    struct answer *ignored = allocate(sizeof *ignored);
    while (receive(host, ignored, 20000))
        continue;
    free(ignored);
    waitpid(host->pid, &found, 0);
    ssize_t got = read(host->messages, text, sizeof text - 1);
    text[got > 0 ? got : 0] = 0;
    CHECK(WIFEXITED(found) && WEXITSTATUS(found) == status);
    if (message)
        CHECK_TEXT(text, message);
    close(host->from);
    close(host->messages);
    buffer_free(&host->received);
}

static void open_stream(struct host *host, uint32_t id, uint8_t kind, uint32_t credit, const struct buffer *request)
{
    struct buffer payload = {0};
    put_u8(&payload, kind);
    put_u32(&payload, credit);
    put_bytes(&payload, request->data, request->size);
    send_frame(host, OPEN, 0, id, payload.data, payload.size);
    buffer_free(&payload);
}

static void open_read(struct host *host, uint32_t id, const char *path, uint32_t credit)
{
    struct buffer request = {0};
    put_string(&request, path);
    put_u64(&request, 0);
    put_u64(&request, 0);
    open_stream(host, id, 2, credit, &request);
    buffer_free(&request);
}

static void credit_is_kept(struct answer *answer)
{
    struct host host;
    greet(&host, answer);
    open_read(&host, 1, "/dev/zero", 100);
    expect(&host, OPENED, answer);
    expect(&host, DATA, answer);
    CHECK(answer->size == 100 && answer->flags == 1);
    /* Nothing more of it, while others go on. */
    send_frame(&host, PING, 0, 0, "x", 1);
    expect(&host, PONG, answer);
    send_frame(&host, CREDIT, 1, 1, "\5\0\0\0", 4);
    expect(&host, DATA, answer);
    CHECK(answer->size == 5 && answer->stream == 1);
    send_frame(&host, RESET, 0, 1, NULL, 0);
    send_frame(&host, CREDIT, 1, 1, "\5\0\0\0", 4); /* on its way when the stream ended */
    send_frame(&host, PING, 0, 0, "y", 1);
    expect(&host, PONG, answer);
    finish(&host, 0, "");
}

static void breaches(struct answer *answer)
{
    struct host host;
    greet(&host, answer);
    open_read(&host, 1, "/dev/zero", 100); /* which may be used up by the time of the next */
    send_frame(&host, CREDIT, 1, 1, "\1\0\0\1", 4);
    finish(&host, 1, "agent: the host took the window of stream 1 above 16777216 bytes\n");

    greet(&host, answer);
    open_read(&host, 1, "/dev/zero", 0);
    open_read(&host, 1, "/dev/zero", 0);
    finish(&host, 1, "agent: the host opened stream 1 twice\n");

    greet(&host, answer);
    open_read(&host, 1, "/dev/zero", 0);
    send_frame(&host, DATA, 0, 1, "x", 1);
    finish(&host, 1, "agent: the host sent 1 bytes to FILE_READ stream 1, which may take 0\n");

    greet(&host, answer);
    for (uint32_t id = 1; id <= STREAMS_MAX + 1; id++)
        open_read(&host, id, "/dev/zero", 0);
    finish(&host, 1, "agent: the host opened more than 256 streams\n");

    begin(&host);
    send_frame(&host, HELLO_ACK, 0, 0, "\2\0\0\0", 4);
    finish(&host, 1, "agent: the host answered HELLO with protocol version 2, this agent speaks 1\n");

    begin(&host);
    send_frame(&host, PING, 0, 0, NULL, 0);
    finish(&host, 1, "agent: the host sent type 0x0d before HELLO_ACK\n");

    greet(&host, answer);
    send_frame(&host, 0x77, 0, 0, NULL, 0);
    finish(&host, 1, "agent: broken frame from the host: unknown type (type 0x77, stream 0)\n");
}

static void expect_error(struct host *host, uint8_t type, uint32_t code, const char *message, struct answer *answer)
{
    expect(host, type, answer);
    struct reader in = reader_of(answer->payload, answer->size);
    CHECK(read_u32(&in) == code);
    char *text = read_string(&in);
    CHECK_TEXT(text, message);
    free(text);
}

static void send_activation(struct host *host, uint8_t type, uint32_t epoch)
{
    struct buffer payload = {0};
    put_u32(&payload, epoch);
    for (int i = 0; i < 32; i++)
        put_u8(&payload, 7);
    put_u64(&payload, 1800000000);
    put_u32(&payload, 0);
    put_string(&payload, "name");
    put_u32(&payload, 0);
    send_frame(host, type, 0, 0, payload.data, payload.size);
    buffer_free(&payload);
}

static void send_resume(struct host *host, uint32_t epoch)
{
    host->epoch = epoch;
    send_activation(host, RESUME, epoch);
}

static void states(struct answer *answer)
{
    struct host host;
    struct buffer none = {0};
    greet(&host, answer);
    send_frame(&host, START, 0, 0, NULL, 0);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "START came before CONFIGURE", answer);
    send_frame(&host, CONFIGURE, 0, 0, "\1", 1);
    expect_error(&host, CONTROL_ERROR, BROKEN_REQUEST, "broken request: CONFIGURE", answer);
    open_stream(&host, 1, 99, 0, &none);
    expect_error(&host, STREAM_ERROR, BROKEN_REQUEST, "broken request: OPEN of kind 99", answer);
    for (uint8_t kind = 1; kind <= 9; kind++) {
        open_stream(&host, (uint32_t)kind + 1, kind, 0, &none);
        expect(&host, STREAM_ERROR, answer);
        CHECK(answer->payload[0] == (BROKEN_REQUEST & 0xff) && answer->stream == (uint32_t)kind + 1);
    }
    for (uint8_t kind = 1; kind <= 9; kind++) { /* too short to name a credit, so nothing of a kind is there to be closed */
        char message[] = "broken request: OPEN of kind 0";
        message[sizeof message - 2] = (char)('0' + kind);
        send_frame(&host, OPEN, 0, (uint32_t)kind + 10, &kind, 1);
        expect_error(&host, STREAM_ERROR, BROKEN_REQUEST, message, answer);
    }
    open_read(&host, 20, "/dev/zero", 0);
    expect(&host, OPENED, answer);
    send_frame(&host, FREEZE, 0, 0, NULL, 0);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "FREEZE while 1 streams are open", answer);
    send_resume(&host, 1);
    host.epoch = 0;
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "RESUME of an agent that is not parked", answer);
    send_frame(&host, RESET, 0, 20, NULL, 0);
    send_activation(&host, REHEARSE, 3);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "REHEARSE of an agent that is not parked", answer);
    send_frame(&host, FREEZE, 0, 0, NULL, 0);
    expect(&host, PARKED, answer);
    send_frame(&host, PING, 0, 0, "dropped", 7);
    for (int round = 0; round < 2; round++) {
        send_activation(&host, REHEARSE, 3);
        expect(&host, REHEARSED, answer);
        CHECK(answer->epoch == 0);
    }
    send_frame(&host, REHEARSE, 0, 0, "\1", 1);
    expect_error(&host, CONTROL_ERROR, BROKEN_REQUEST, "broken request: REHEARSE", answer);
    send_frame(&host, PING, 0, 0, "still parked", 12);
    send_resume(&host, 5);
    expect(&host, RESUMED, answer);
    CHECK(answer->epoch == 5);
    host.epoch = 4; /* an older epoch's frame */
    send_frame(&host, PING, 0, 0, "dropped", 7);
    host.epoch = 5;
    send_frame(&host, PING, 0, 0, "new", 3);
    expect(&host, PONG, answer);
    CHECK(answer->size == 3 && answer->epoch == 5);
    finish(&host, 0, "");
}

static void send_release(struct host *host)
{
    struct buffer payload = {0};
    put_u64(&payload, 1800000000);
    put_u32(&payload, 5);
    send_frame(host, RELEASE, 0, 0, payload.data, payload.size);
    buffer_free(&payload);
}

/* HOLD stands still what is open, RELEASE lets it go on, and a RESUME in its place drops it. */
static void hold(struct answer *answer)
{
    struct host host;
    greet(&host, answer);
    send_release(&host);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "RELEASE of an agent that is not held", answer);
    open_read(&host, 1, "/dev/zero", 1000);
    expect(&host, OPENED, answer);
    expect(&host, DATA, answer);
    CHECK(answer->size == 1000);
    for (int round = 0; round < 2; round++) {
        send_frame(&host, HOLD, 0, 0, NULL, 0);
        expect(&host, PARKED, answer);
        send_frame(&host, CREDIT, 1, 1, "\5\0\0\0", 4); /* dropped, as by any agent that is parked */
        send_frame(&host, PING, 0, 0, "dropped", 7);
        CHECK(!receive(&host, answer, 50));
        send_release(&host);
        expect(&host, RELEASED, answer);
        CHECK(answer->epoch == 0);
        send_frame(&host, CREDIT, 1, 1, "\5\0\0\0", 4);
        expect(&host, DATA, answer);
        CHECK(answer->size == 5 && answer->stream == 1);
    }
    send_frame(&host, HOLD, 0, 0, NULL, 0);
    expect(&host, PARKED, answer);
    send_activation(&host, REHEARSE, 3);
    expect(&host, REHEARSED, answer);
    send_resume(&host, 5);
    expect(&host, RESUMED, answer);
    send_frame(&host, CREDIT, 1, 1, "\5\0\0\0", 4);
    send_frame(&host, PING, 0, 0, "new", 3);
    expect(&host, PONG, answer); /* and no DATA */
    send_frame(&host, FREEZE, 0, 0, NULL, 0);
    expect(&host, PARKED, answer);
    send_release(&host);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "RELEASE of an agent that is not held", answer);
    finish(&host, 0, "");
}

/* Bytes a host cannot have meant: the agent ends with a line, or goes on; it never crashes and never hangs. */
static void random_bytes(void)
{
    uint64_t state = 4711;
    for (int round = 0; round < 60; round++) {
        struct host host;
        begin(&host);
        send_frame(&host, HELLO_ACK, 0, 0, "\1\0\0\0", 4);
        for (int i = 0; i < 20; i++) {
            struct buffer out = {0};
            uint8_t payload[64] = {0};
            /* Kinds that only read; a random EXEC, FILE_WRITE or CONNECT would do harm to the machine that tests. */
            static const uint8_t kinds[] = {4, 8, 9, 42};
            payload[0] = kinds[random_next(&state) % sizeof kinds];
            random_fill(&state, payload + 1, 8);
            static const uint8_t types[] = {PING,     OPEN,  DATA,            CREDIT, END,    FREEZE, RESUME,
                                            REHEARSE, RESET, WORKLOAD_SIGNAL, HOLD,   RELEASE};
            uint8_t type = types[random_next(&state) % sizeof types];
            frame_put(&out, type, type == CREDIT, type >= OPEN ? 1 + random_next(&state) % 3 : 0, 0, payload,
                      type == CREDIT || type == WORKLOAD_SIGNAL ? 4
                      : type == RELEASE                         ? 12
                                                                : random_next(&state) % sizeof payload);
            if (write(host.to, out.data, out.size) < 0)
                i = 20;
            buffer_free(&out);
        }
        close(host.to);
        struct answer *answer = allocate(sizeof *answer);
        while (receive(&host, answer, 20000))
            continue;
        free(answer);
        int status = -1;
        waitpid(host.pid, &status, 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        close(host.from);
        close(host.messages);
        buffer_free(&host.received);
    }
}

void check_session(void)
{
    signal(SIGPIPE, SIG_IGN);
    uint32_t credit = 0;
    CHECK(credit_add(&credit, CREDIT_MAX) && credit == CREDIT_MAX);
    CHECK(!credit_add(&credit, 1) && credit == CREDIT_MAX);
    credit = 5;
    CHECK(!credit_add(&credit, UINT32_MAX) && credit == 5);
    struct answer *answer = allocate(sizeof *answer);
    credit_is_kept(answer);
    breaches(answer);
    states(answer);
    hold(answer);
    random_bytes();
    free(answer);
}
