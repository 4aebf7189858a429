#include "fakehost.h"

#include "channel.h"
#include "loop.h"
#include "process.h"
#include "session.h"
#include "stream.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

void begin(struct host *host)
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

void send_frame(struct host *host, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t size)
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
bool receive(struct host *host, struct answer *answer, int ms)
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

void expect(struct host *host, uint8_t type, struct answer *answer)
{
    bool came = receive(host, answer, 20000);
    CHECK(came && answer->type == type);
}

void greet(struct host *host, struct answer *answer)
{
    begin(host);
    expect(host, HELLO, answer);
    send_frame(host, HELLO_ACK, 0, 0, "\1\0\0\0", 4);
}

/* Waits for the agent's end; what it said last. */
void finish(struct host *host, int status, const char *message)
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

void open_stream(struct host *host, uint32_t id, uint8_t kind, uint32_t credit, const struct buffer *request)
{
    struct buffer payload = {0};
    put_u8(&payload, kind);
    put_u32(&payload, credit);
    put_bytes(&payload, request->data, request->size);
    send_frame(host, OPEN, 0, id, payload.data, payload.size);
    buffer_free(&payload);
}

void expect_error(struct host *host, uint8_t type, uint32_t code, const char *message, struct answer *answer)
{
    expect(host, type, answer);
    struct reader in = reader_of(answer->payload, answer->size);
    CHECK(read_u32(&in) == code);
    char *text = read_string(&in);
    CHECK_TEXT(text, message);
    free(text);
}

void send_activation(struct host *host, uint8_t type, uint32_t epoch, bool hold)
{
    struct buffer payload = {0};
    put_u32(&payload, epoch);
    for (int i = 0; i < 32; i++)
        put_u8(&payload, 7);
    put_u64(&payload, 1800000000);
    put_u32(&payload, 0);
    put_string(&payload, "name");
    put_u32(&payload, 0);
    put_u8(&payload, hold);
    send_frame(host, type, 0, 0, payload.data, payload.size);
    buffer_free(&payload);
}

void send_resume(struct host *host, uint32_t epoch, bool hold)
{
    host->epoch = epoch;
    send_activation(host, RESUME, epoch, hold);
}
