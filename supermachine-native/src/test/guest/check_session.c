/* The agent as a whole, in a child process: states, credit, and what ends it. */
#include "fakehost.h"

#include "stream.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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
    send_resume(&host, 1, false);
    host.epoch = 0;
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "RESUME of an agent that is not parked", answer);
    send_frame(&host, RESET, 0, 20, NULL, 0);
    send_activation(&host, REHEARSE, 3, false);
    expect_error(&host, CONTROL_ERROR, WRONG_STATE, "REHEARSE of an agent that is not parked", answer);
    send_frame(&host, FREEZE, 0, 0, NULL, 0);
    expect(&host, PARKED, answer);
    send_frame(&host, PING, 0, 0, "dropped", 7);
    for (int round = 0; round < 2; round++) {
        send_activation(&host, REHEARSE, 3, false);
        expect(&host, REHEARSED, answer);
        CHECK(answer->epoch == 0);
    }
    send_frame(&host, REHEARSE, 0, 0, "\1", 1);
    expect_error(&host, CONTROL_ERROR, BROKEN_REQUEST, "broken request: REHEARSE", answer);
    send_frame(&host, PING, 0, 0, "still parked", 12);
    send_resume(&host, 5, false);
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
            static const uint8_t types[] = {PING,   OPEN,     DATA,  CREDIT,          END, FREEZE,
                                            RESUME, REHEARSE, RESET, WORKLOAD_SIGNAL,
                                            THAW};
            uint8_t type = types[random_next(&state) % sizeof types];
            frame_put(&out, type, type == CREDIT, type >= OPEN ? 1 + random_next(&state) % 3 : 0, 0, payload,
                      type == CREDIT || type == WORKLOAD_SIGNAL ? 4 : random_next(&state) % sizeof payload);
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
    random_bytes();
    free(answer);
}
