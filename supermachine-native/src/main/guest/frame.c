#include "frame.h"

void frame_put(struct buffer *out, uint8_t type, uint8_t flags, uint32_t stream, uint32_t epoch, const void *payload,
               size_t size)
{
    put_u32(out, (uint32_t)size);
    put_u8(out, type);
    put_u8(out, flags);
    put_u16(out, FRAME_MAGIC);
    put_u32(out, stream);
    put_u32(out, epoch);
    put_bytes(out, payload, size);
}

const char *frame_problem(const struct frame *frame)
{
    bool control = frame->type < OPEN;
    switch (frame->type) {
    case HELLO_ACK:
    case CONFIGURE:
    case START:
    case FREEZE:
    case RESUME:
    case PING:
    case WORKLOAD_SIGNAL:
    case REHEARSE:
    case THAW:
    case OPEN:
    case DATA:
    case CREDIT:
    case END:
    case SIGNAL:
    case RESIZE:
    case RESET:
        break;
    default:
        return "unknown type";
    }
    if (control && frame->stream)
        return "a control frame with a stream number";
    if (!control && (!frame->stream || frame->stream > INT32_MAX))
        return "stream number out of range";
    switch (frame->type) {
    case DATA:
    case END:
        if (frame->flags)
            return "a subchannel the host may not send on";
        break;
    case CREDIT:
        if (frame->flags != 1 && frame->flags != 2)
            return "credit for a subchannel the guest does not send on";
        break;
    default:
        if (frame->flags)
            return "flags that must be 0";
    }
    if (frame->type == DATA && !frame->size)
        return "empty DATA";
    if (frame->type == PING && frame->size > 64)
        return "PING with more than 64 bytes";
    if ((frame->type == CREDIT || frame->type == SIGNAL || frame->type == RESIZE || frame->type == HELLO_ACK ||
         frame->type == WORKLOAD_SIGNAL) &&
        frame->size != 4)
        return "a payload that must be 4 bytes";
    if ((frame->type == END || frame->type == RESET || frame->type == START || frame->type == FREEZE ||
         frame->type == THAW) &&
        frame->size)
        return "a payload that must be empty";
    return NULL;
}

void decoder_feed(struct decoder *decoder, const void *data, size_t size)
{
    buffer_drop(&decoder->pending, decoder->consumed);
    decoder->consumed = 0;
    put_bytes(&decoder->pending, data, size);
}

int decoder_next(struct decoder *decoder, struct frame *frame, const char **problem)
{
    struct reader in = reader_of(decoder->pending.data + decoder->consumed, decoder->pending.size - decoder->consumed);
    if ((size_t)(in.end - in.at) < FRAME_HEADER)
        return 0;
    uint32_t length = read_u32(&in);
    frame->type = read_u8(&in);
    frame->flags = read_u8(&in);
    uint16_t magic = read_u16(&in);
    frame->stream = read_u32(&in);
    frame->epoch = read_u32(&in);
    if (magic != FRAME_MAGIC) {
        *problem = "wrong magic";
        return -1;
    }
    if (length > FRAME_PAYLOAD_MAX) {
        *problem = "length above 65536";
        return -1;
    }
    if ((size_t)(in.end - in.at) < length)
        return 0;
    frame->payload = in.at;
    frame->size = length;
    decoder->consumed += FRAME_HEADER + (size_t)length;
    *problem = frame_problem(frame);
    return *problem ? -1 : 1;
}
