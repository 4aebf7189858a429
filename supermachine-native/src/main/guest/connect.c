/* CONNECT: a TCP connection to a port of the guest. */
#include "kinds.h"
#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536 };

/* The address of sm0 comes last: some servers bind to what their host name resolves to. */
static const char *const addresses[] = {
    "127.0.0.1",
    "::1",
#ifndef HOSTED /* there it would leave the machine */
    "10.107.0.2",
#endif
};
enum { ADDRESS_COUNT = sizeof addresses / sizeof *addresses };

struct connection {
    struct stream *stream;
    struct watch watch;
    uint16_t port;
    int next_address, error;
    bool connected, readable, writable;
    bool peer_ended, input_ended, shut, broken;
    struct buffer input;
};

static void try_next(struct connection *connection);

static void connected(struct connection *connection)
{
    connection->connected = connection->readable = connection->writable = true;
    stream_opened(connection->stream, NULL);
}

static void ready(struct watch *watch, uint32_t events)
{
    struct connection *connection = watch->owner;
    if (!connection->connected) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            connection->error = error;
            try_next(connection);
        } else if (events & EPOLLOUT) {
            connected(connection);
        }
        return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        connection->readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        connection->writable = true;
    stream_wake(connection->stream);
}

static int connect_to(int fd, const char *address, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return connect(fd, (struct sockaddr *)&v4, sizeof v4);
    inet_pton(AF_INET6, address, &v6.sin6_addr);
    return connect(fd, (struct sockaddr *)&v6, sizeof v6);
}

static void try_next(struct connection *connection)
{
    while (connection->next_address < ADDRESS_COUNT) {
        const char *address = addresses[connection->next_address++];
        watch_close(&connection->watch);
        int family = strchr(address, ':') ? AF_INET6 : AF_INET;
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
            connection->error = errno;
            continue;
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection->watch = (struct watch){.fd = fd, .ready = ready, .owner = connection};
        int result = connect_to(fd, address, connection->port);
        if (result < 0 && errno != EINPROGRESS) {
            /* A refusal says more than the "unreachable" of an address this machine does not have. */
            if (connection->error != ECONNREFUSED)
                connection->error = errno;
            continue;
        }
        watch_set(&connection->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        if (result == 0)
            connected(connection);
        return;
    }
    stream_fail(connection->stream, (uint32_t)connection->error, "cannot connect to port %u of the guest: %s",
                connection->port, strerror(connection->error));
}

static void open_connection(struct stream *stream, struct reader *request)
{
    struct connection *connection = allocate(sizeof *connection);
    *connection = (struct connection){.stream = stream, .watch.fd = -1, .port = read_u16(request)};
    stream->state = connection;
    if (!reader_finished(request) || !connection->port)
        stream_fail(stream, BROKEN_REQUEST, "broken request: CONNECT");
    else
        try_next(connection);
}

static void take_data(struct stream *stream, const uint8_t *bytes, size_t size)
{
    struct connection *connection = stream->state;
    put_bytes(&connection->input, bytes, size);
    stream_wake(stream);
}

static void input_ended(struct stream *stream)
{
    struct connection *connection = stream->state;
    connection->input_ended = true;
}

static bool pump_input(struct connection *connection)
{
    size_t size = connection->input.size;
    if (size && (connection->writable || connection->broken)) {
        ssize_t sent = connection->broken ? (ssize_t)size
                                          : send(connection->watch.fd, connection->input.data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            connection->writable = false;
            return false;
        }
        if (sent < 0) {
            connection->broken = true; /* what the other side sent before may still be there to read */
            sent = (ssize_t)size;
        }
        buffer_drop(&connection->input, (size_t)sent);
        stream_consumed(connection->stream, (size_t)sent);
        return true;
    }
    if (!size && connection->input_ended && !connection->shut) {
        shutdown(connection->watch.fd, SHUT_WR);
        connection->shut = true;
    }
    return false;
}

static bool pump_output(struct connection *connection)
{
    static uint8_t bytes[CHUNK];
    struct stream *stream = connection->stream;
    size_t wanted = stream_allowance(stream, 1, sizeof bytes);
    if (connection->peer_ended || !connection->readable || !wanted)
        return false;
    ssize_t got = recv(connection->watch.fd, bytes, wanted, 0);
    if (got > 0) {
        stream_send(stream, 1, bytes, (size_t)got);
        return true;
    }
    if (got < 0 && errno == EAGAIN) {
        connection->readable = false;
        return false;
    }
    if (got < 0) {
        int error = errno;
        stream_fail(stream, (uint32_t)error, "the connection to port %u of the guest broke: %s", connection->port,
                    strerror(error));
        return false;
    }
    connection->peer_ended = true;
    stream_send_end(stream, 1);
    return true;
}

static bool pump(struct stream *stream)
{
    struct connection *connection = stream->state;
    bool moved = pump_input(connection);
    moved |= pump_output(connection);
    if (stream->gone)
        return false;
    if (connection->peer_ended && connection->broken)
        stream_fail(stream, ECONNRESET, "the connection to port %u of the guest was closed by its server",
                    connection->port);
    else if (connection->peer_ended && connection->shut)
        stream_result(stream, NULL);
    return moved && !stream->gone;
}

static void close_connection(struct stream *stream, bool reset)
{
    struct connection *connection = stream->state;
    if (reset && connection->watch.fd >= 0) {
        struct linger at_once = {1, 0};
        setsockopt(connection->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    watch_close(&connection->watch);
    buffer_free(&connection->input);
    free_later(connection);
}

const struct kind connect_kind = {
    .name = "CONNECT",
    .takes_input = true,
    .open = open_connection,
    .data = take_data,
    .end_of_input = input_ended,
    .pump = pump,
    .close = close_connection,
};
