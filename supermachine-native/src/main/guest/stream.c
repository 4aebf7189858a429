#include "stream.h"

#include "kinds.h"
#include "loop.h"

#include <stdio.h>

static struct stream *streams; /* in the order they are pumped; see streams_pump */
static size_t open_count;

static const struct kind *kind_of(uint8_t number)
{
    static const struct kind *const kinds[] = {
        NULL,           &exec_kind,    &file_read_kind,    &file_write_kind, &stat_kind, &tar_out_kind,
        &tar_in_kind, &connect_kind, &listen_watch_kind, &log_kind,
    };
    return number < sizeof kinds / sizeof *kinds ? kinds[number] : NULL;
}

static struct stream *find(uint32_t id)
{
    for (struct stream *stream = streams; stream; stream = stream->next)
        if (stream->id == id)
            return stream;
    return NULL;
}

static void forget(struct stream *stream, bool reset)
{
    for (struct stream **at = &streams; *at; at = &(*at)->next)
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    open_count--;
    stream->gone = true;
    if (stream->kind)
        stream->kind->close(stream, reset);
    free_later(stream);
}

bool credit_add(uint32_t *credit, uint32_t more)
{
    if (more > CREDIT_MAX || *credit > CREDIT_MAX - more)
        return false;
    *credit += more;
    return true;
}

void stream_opened(struct stream *stream, struct buffer *reply)
{
    struct buffer payload = {0};
    uint32_t granted = stream->kind->takes_input && !stream->kind->early_input ? INPUT_WINDOW : 0;
    stream->window += granted;
    put_u32(&payload, granted);
    if (reply) {
        put_bytes(&payload, reply->data, reply->size);
        buffer_free(reply);
    }
    channel_send_buffer(OPENED, stream->id, &payload);
    stream->opened = true;
    stream_wake(stream);
}

size_t stream_allowance(const struct stream *stream, int subchannel, size_t size)
{
    size_t allowed = stream->credit[subchannel];
    if (allowed > FRAME_PAYLOAD_MAX)
        allowed = FRAME_PAYLOAD_MAX;
    return size < allowed ? size : allowed;
}

void stream_send(struct stream *stream, int subchannel, const void *data, size_t size)
{
    if (!size)
        return;
    if (size > stream->credit[subchannel])
        fatal("%s stream %u was to send %zu bytes with a credit of %u", stream->kind->name, stream->id, size,
              stream->credit[subchannel]);
    stream->credit[subchannel] -= (uint32_t)size;
    channel_send(DATA, (uint8_t)subchannel, stream->id, data, size);
}

void stream_send_end(struct stream *stream, int subchannel)
{
    if (stream->ended[subchannel])
        return;
    stream->ended[subchannel] = true;
    channel_send(END, (uint8_t)subchannel, stream->id, NULL, 0);
}

void stream_consumed(struct stream *stream, size_t size)
{
    stream->to_grant += (uint32_t)size;
    /* Not for every few bytes: a host that has three quarters of its window left is not waiting. */
    if (stream->to_grant < INPUT_WINDOW / 4 || stream->input_ended)
        return;
    struct buffer payload = {0};
    put_u32(&payload, stream->to_grant);
    channel_send(CREDIT, 0, stream->id, payload.data, payload.size);
    buffer_free(&payload);
    stream->window += stream->to_grant;
    stream->to_grant = 0;
}

void stream_result(struct stream *stream, struct buffer *result)
{
    struct buffer none = {0};
    channel_send_buffer(RESULT, stream->id, result ? result : &none);
    forget(stream, false);
}

void stream_fail(struct stream *stream, uint32_t code, const char *format, ...)
{
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    channel_send_error(STREAM_ERROR, stream->id, code, message);
    forget(stream, false);
}

void stream_wake(struct stream *stream) { stream->awake = true; }

static void open_stream(const struct frame *frame, bool held)
{
    if (find(frame->stream))
        fatal("the host opened stream %u twice", frame->stream);
    if (open_count == STREAMS_MAX)
        fatal("the host opened more than %d streams", STREAMS_MAX);
    struct reader request = reader_of(frame->payload, frame->size);
    uint8_t number = read_u8(&request);
    uint32_t credit = read_u32(&request);
    if (credit > CREDIT_MAX)
        fatal("the host gave stream %u a credit of %u", frame->stream, credit);
    struct stream *stream = allocate(sizeof *stream);
    /* Without a kind when the request is too short for one, or comes too early: nothing was opened that could be closed. */
    const struct kind *kind = request.broken ? NULL : kind_of(number);
    bool refused = kind && held && !kind->while_held;
    *stream = (struct stream){.id = frame->stream, .kind = refused ? NULL : kind, .credit = {0, credit, credit}};
    stream->window = kind && kind->early_input ? INPUT_WINDOW : 0;
    stream->next = streams;
    streams = stream;
    open_count++;
    if (!kind)
        stream_fail(stream, BROKEN_REQUEST, "broken request: OPEN of kind %u", number);
    else if (refused)
        stream_fail(stream, WRONG_STATE, "OPEN of %s while the guest is held", kind->name);
    else
        kind->open(stream, &request);
}

static void take_data(struct stream *stream, const struct frame *frame)
{
    if (frame->size > stream->window || stream->input_ended)
        fatal("the host sent %zu bytes to %s stream %u, which may take %u", frame->size, stream->kind->name, stream->id,
              stream->input_ended ? 0 : stream->window);
    stream->window -= (uint32_t)frame->size;
    stream->kind->data(stream, frame->payload, frame->size);
}

void streams_frame(const struct frame *frame, bool held)
{
    if (frame->type == OPEN) {
        open_stream(frame, held);
        return;
    }
    struct stream *stream = find(frame->stream);
    if (!stream)
        return; /* it ended while the frame was on its way */
    struct reader in = reader_of(frame->payload, frame->size);
    switch (frame->type) {
    case DATA:
        take_data(stream, frame);
        break;
    case CREDIT:
        if (!credit_add(&stream->credit[frame->flags], read_u32(&in)))
            fatal("the host took the window of stream %u above %d bytes", stream->id, CREDIT_MAX);
        stream_wake(stream);
        break;
    case END:
        if (!stream->input_ended)
            stream->input_ended = stream->end_pending = true; /* told in streams_pump: OPENED may still be to come */
        break;
    case SIGNAL: {
        uint32_t number = read_u32(&in);
        if (stream->kind->signal && number && number <= 64)
            stream->kind->signal(stream, (int)number);
        break;
    }
    case RESIZE:
        if (stream->kind->resize) {
            uint16_t rows = read_u16(&in);
            stream->kind->resize(stream, rows, read_u16(&in));
        }
        break;
    case RESET:
        forget(stream, true);
        break;
    default:
        break;
    }
}

bool streams_pump(void)
{
    /* Each stream that is awake gets one turn; who had one goes to the end, so that all share the channel alike. */
    size_t turns = open_count; /* one that ends during its turn only shortens the list */
    bool more = false;
    while (turns-- > 0 && streams) {
        struct stream *stream = streams;
        if (stream->next) {
            streams = stream->next;
            struct stream *last = streams;
            while (last->next)
                last = last->next;
            last->next = stream;
            stream->next = NULL;
        }
        if (stream->opened && stream->end_pending) {
            stream->end_pending = false;
            if (stream->kind->end_of_input)
                stream->kind->end_of_input(stream);
            stream_wake(stream);
        }
        if (stream->gone || !stream->awake || !stream->opened)
            continue;
        if (!channel_has_space())
            return false; /* the channel's descriptor will wake the loop */
        stream->awake = false;
        if (stream->kind->pump(stream)) {
            stream->awake = true; /* harmless if the stream ended: its memory lives to the end of the round */
            more = true;
        }
    }
    return more;
}

size_t streams_open(void) { return open_count; }

void streams_drop_all(void)
{
    while (streams)
        forget(streams, true);
}
