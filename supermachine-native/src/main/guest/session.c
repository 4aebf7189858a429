#include "session.h"

#include "channel.h"
#include "logs.h"
#include "loop.h"
#include "stream.h"
#include "system.h"
#include "workload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { FREEZE_POLL_NS = 1000 * 1000 };
static const uint64_t FREEZE_DEADLINE_NS = 10ull * 1000 * 1000 * 1000;

/* HELD: resumed, but its processes are not thawed yet. */
static enum { GREETING, OPEN_FOR_WORK, FREEZING, PARKED_NOW, HELD } state;
static struct timer freeze_timer;
static uint64_t freeze_began;

static void reply_error(uint32_t code, const char *message) { channel_send_error(CONTROL_ERROR, 0, code, message); }

void session_hello(void)
{
    struct utsname name;
    struct buffer payload = {0};
    uname(&name);
    put_u32(&payload, PROTOCOL_VERSION);
    put_string(&payload, BUILD_ID);
    put_string(&payload, name.release);
    channel_send_buffer(HELLO, 0, &payload);
}

static void configure(const struct frame *frame)
{
    struct reader in = reader_of(frame->payload, frame->size);
    uint32_t code = 0;
    char *problem = workload_configure(&in, &code);
    if (problem)
        reply_error(code, problem);
    else
        channel_send(CONFIGURED, 0, 0, NULL, 0);
    free(problem);
}

static void not_frozen(uint32_t code, const char *message)
{
    system_freeze(false);
    state = OPEN_FOR_WORK;
    reply_error(code, message);
}

static void check_frozen(struct timer *timer)
{
    if (system_is_frozen() && channel_is_empty()) {
        logs_drain(); /* the last words of the frozen, so that a restored LOG shows them */
        /* Nobody is in the middle of a write any more, or this would wait for him. */
        int error = system_freeze_volumes(true);
        if (error) {
            char *message = format_text("a volume cannot be brought to rest (FIFREEZE): %s", strerror(error));
            not_frozen((uint32_t)error, message);
            free(message);
            return;
        }
        state = PARKED_NOW;
        channel_send(PARKED, 0, 0, NULL, 0);
        return;
    }
    if (monotonic_ns() - freeze_began < FREEZE_DEADLINE_NS) {
        timer_set(timer, FREEZE_POLL_NS);
        return;
    }
    not_frozen(ETIMEDOUT, "the processes of the guest could not be frozen within 10 s");
}

static void freeze(void)
{
    if (streams_open()) {
        char *message = format_text("FREEZE while %zu streams are open", streams_open());
        reply_error(WRONG_STATE, message);
        free(message);
        return;
    }
    int error = system_freeze(true);
    if (error) {
        reply_error((uint32_t)error, "cannot freeze the control group of the workload");
        return;
    }
    state = FREEZING;
    freeze_began = monotonic_ns();
    freeze_timer.due = check_frozen;
    check_frozen(&freeze_timer);
}

/* What RESUME and REHEARSE carry. */
struct activation {
    uint32_t epoch, nanoseconds;
    uint64_t seconds;
    const uint8_t *entropy;
    char *hostname;
    struct strings env;
    uint8_t hold;
    bool valid;
};

static struct activation activation_of(const struct frame *frame)
{
    struct reader in = reader_of(frame->payload, frame->size);
    struct activation it = {.epoch = read_u32(&in)};
    it.entropy = read_bytes(&in, 32);
    it.seconds = read_u64(&in);
    it.nanoseconds = read_u32(&in);
    it.hostname = read_string(&in);
    it.env = read_map(&in);
    it.hold = read_u8(&in);
    it.valid = reader_finished(&in) && it.hold <= 1 && env_map_valid(&it.env) && it.nanoseconds < 1000000000 && it.seconds <= INT64_MAX;
    return it;
}

static void activation_free(struct activation *it)
{
    free(it->hostname);
    strings_free(&it->env);
}

/* Everything that makes this run another one than the one before; an error is answered here. */
static bool renew(const struct activation *it, const char *request)
{
    char *problem = NULL;
    uint32_t code = EPERM;
    if (!it->valid) {
        code = BROKEN_REQUEST;
        problem = format_text("broken request: %s", request);
    } else {
        problem = system_renew(it->entropy, it->seconds, it->nanoseconds);
    }
    if (problem)
        reply_error(code, problem);
    else
        workload_renew(it->hostname, &it->env);
    bool done = !problem;
    free(problem);
    return done;
}

static void let_run(void)
{
    int error = system_freeze(false);
    if (error)
        fatal("cannot thaw the control group of the workload: %s", strerror(error));
    state = OPEN_FOR_WORK;
}

static void resume(const struct frame *frame)
{
    struct activation it = activation_of(frame);
    if (it.epoch != frame->epoch || (it.valid && it.epoch == channel_epoch()))
        fatal("broken frame from the host: RESUME into epoch %u with a header of epoch %u in epoch %u", it.epoch,
              frame->epoch, channel_epoch());
    if (state != PARKED_NOW) {
        reply_error(WRONG_STATE, "RESUME of an agent that is not parked");
    } else {
        /* The host listens in the new epoch already, for an error too. */
        channel_begin_epoch(it.epoch);
        streams_drop_all();
        if (renew(&it, "RESUME")) {
            logs_resumed();
            channel_send(RESUMED, 0, 0, NULL, 0);
            int error = system_freeze_volumes(false);
            if (error)
                fatal("cannot let the volumes go on (FITHAW): %s", strerror(error));
            if (it.hold)
                state = HELD;
            else
                let_run();
        }
    }
    activation_free(&it);
}

static void thaw(void)
{
    if (state != HELD) {
        reply_error(WRONG_STATE, "THAW of an agent that is not held");
        return;
    }
    let_run();
    channel_send(THAWED, 0, 0, NULL, 0);
}

/* The way of a RESUME without its end, so that all its code has been run once: first runs are slow, above all under emulation.
   The RESUME to come replaces what this one sets, and nothing but the agent runs in between. */
static void rehearse(const struct frame *frame)
{
    struct activation it = activation_of(frame);
    if (state != PARKED_NOW) {
        reply_error(WRONG_STATE, "REHEARSE of an agent that is not parked");
    } else if (renew(&it, "REHEARSE")) {
        int error = system_freeze(true); /* as it is */
        if (error)
            reply_error((uint32_t)error, "cannot write the state of the workload's control group");
        else
            channel_send(REHEARSED, 0, 0, NULL, 0);
    }
    activation_free(&it);
}

static void control_frame(const struct frame *frame)
{
    struct reader in = reader_of(frame->payload, frame->size);
    uint32_t number;
    switch (frame->type) {
    case HELLO_ACK:
        number = read_u32(&in);
        if (number != PROTOCOL_VERSION || state != GREETING)
            fatal("the host answered HELLO with protocol version %u, this agent speaks %d", number, PROTOCOL_VERSION);
        state = OPEN_FOR_WORK;
        break;
    case CONFIGURE:
        configure(frame);
        break;
    case START:
        workload_start();
        break;
    case FREEZE:
        freeze();
        break;
    case REHEARSE:
        rehearse(frame);
        break;
    case THAW:
        thaw();
        break;
    case PING:
        channel_send(PONG, 0, 0, frame->payload, frame->size);
        break;
    case WORKLOAD_SIGNAL:
        number = read_u32(&in);
        if (number && number <= 64)
            workload_signal((int)number);
        break;
    default:
        break;
    }
}

void session_frame(const struct frame *frame)
{
    if (frame->type == RESUME) {
        resume(frame);
        return;
    }
    if (frame->epoch != channel_epoch() || (state == PARKED_NOW && frame->type != REHEARSE))
        return;
    if (state == GREETING && frame->type != HELLO_ACK)
        fatal("the host sent type 0x%02x before HELLO_ACK", frame->type);
    if (state == FREEZING && frame->type != PING) {
        if (!frame->stream)
            reply_error(WRONG_STATE, "a request while the guest is being frozen");
        else if (frame->type == OPEN)
            channel_send_error(STREAM_ERROR, frame->stream, WRONG_STATE, "the guest is being frozen");
        return;
    }
    if (state == HELD && !frame->stream && frame->type != THAW && frame->type != PING)
        reply_error(WRONG_STATE, "a request while the guest is held");
    else if (frame->stream)
        streams_frame(frame, state == HELD);
    else
        control_frame(frame);
}
