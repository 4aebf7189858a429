/*
 * Bytes from the host through the whole session: states, streams, credit, EXEC and CONFIGURE as they are, processes and the other kinds of streams made up.
 * The agent may end the machine with a message. It must not send what the host did not ask or pay for.
 *
 * An input is a list of steps: a byte, and for all but the last kinds what belongs to it.
 *   0 – 0xEF    so many bytes of the channel follow (at most 239)
 *   0xF0 – 0xFF something happens: see happen()
 */
#include "fuzz.h"

/* Both as they are, with their state in reach: it has to begin anew with every input. */
#include "session.c"
#include "stream.c"

#include "filewrite.h"
#include "fuzz_session.h"
#include "process.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

enum { SEEN_MAX = 4096, STEP_BYTES_MAX = 0xEF };

/* A stream as the host sees it. */
struct seen {
    uint32_t id;
    bool over;
    uint64_t credit[3];
};

static jmp_buf ended;
static struct decoder decoder;
static uint32_t epoch;
static struct seen seen[SEEN_MAX];
static size_t seen_count;
static struct timer *timers;
static struct process *processes;
static struct later {
    void *memory;
    struct later *next;
} *later;

/* fatal() of util.c, by the linker's --wrap: the agent ends the machine, which is always allowed. */
_Noreturn void __wrap_fatal(const char *format, ...);
_Noreturn void __wrap_fatal(const char *format, ...)
{
    char message[4096];
    va_list arguments;
    va_start(arguments, format);
    REQUIRE(vsnprintf(message, sizeof message, format, arguments) > 0);
    va_end(arguments);
    longjmp(ended, 1);
}

/* Lines on the console would only fill the fuzzer's log. */
void __wrap_say(const char *format, ...);
void __wrap_say(const char *format, ...) { (void)format; }

/* --- the channel: what the agent sends is held to the protocol ------------------------------------------------------- */

static struct seen *seen_find(uint32_t id)
{
    for (size_t i = seen_count; i-- > 0;)
        if (seen[i].id == id)
            return &seen[i];
    return NULL;
}

uint32_t channel_epoch(void) { return epoch; }

void channel_begin_epoch(uint32_t next)
{
    epoch = next;
    seen_count = 0;
}

void channel_send(uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t size)
{
    REQUIRE(size <= FRAME_PAYLOAD_MAX && (payload || !size));
    for (size_t i = 0; i < size; i++) /* all of it can be read */
        if (((const volatile uint8_t *)payload)[i] == 0)
            continue;
    if (!stream) {
        REQUIRE(type < OPEN && !flags);
        return;
    }
    struct seen *which = seen_find(stream);
    REQUIRE(which && !which->over);
    switch (type) {
    case OPENED:
        REQUIRE(size >= 4 && !flags);
        break;
    case DATA:
        REQUIRE(flags >= 1 && flags <= 2 && size && size <= which->credit[flags]);
        which->credit[flags] -= size;
        break;
    case CREDIT:
        REQUIRE(!flags && size == 4);
        break;
    case END:
        REQUIRE(flags >= 1 && flags <= 2 && !size);
        break;
    case RESULT:
    case STREAM_ERROR:
        which->over = true;
        break;
    default:
        REQUIRE(!"a type that the guest sends on streams");
    }
}

void channel_send_buffer(uint8_t type, uint32_t stream, struct buffer *payload)
{
    channel_send(type, 0, stream, payload->data, payload->size);
    buffer_free(payload);
}

void channel_send_error(uint8_t type, uint32_t stream, uint32_t code, const char *message)
{
    struct buffer payload = {0};
    size_t length = strlen(message);
    put_u32(&payload, code);
    put_u32(&payload, (uint32_t)(length > 4096 ? 4096 : length));
    put_bytes(&payload, message, length > 4096 ? 4096 : length);
    channel_send_buffer(type, stream, &payload);
}

bool channel_has_space(void) { return true; }
bool channel_is_empty(void) { return true; }

/* --- the loop -------------------------------------------------------------------------------------------------------- */

void watch_set(struct watch *watch, uint32_t events)
{
    watch->events = events;
    watch->added = events != 0;
}

void watch_close(struct watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

void timer_clear(struct timer *timer)
{
    for (struct timer **at = &timers; *at; at = &(*at)->next)
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    timer->at = 0;
}

void timer_set(struct timer *timer, uint64_t delay_ns)
{
    timer_clear(timer);
    timer->at = delay_ns + 1 ? delay_ns + 1 : UINT64_MAX;
    timer->next = timers;
    timers = timer;
}

void free_later(void *memory)
{
    struct later *entry = malloc(sizeof *entry);
    REQUIRE(entry);
    *entry = (struct later){memory, later};
    later = entry;
}

static void end_round(void)
{
    while (later) {
        struct later *entry = later;
        later = entry->next;
        free(entry->memory);
        free(entry);
    }
}

/* --- processes that are none ----------------------------------------------------------------------------------------- */

struct process *process_start(const struct command *command, const struct process *callbacks)
{
    REQUIRE(command->argv.count && !command->argv.items[command->argv.count]);
    REQUIRE(command->cwd && command->identity.home);
    struct process *process = allocate(sizeof *process);
    *process = *callbacks;
    process->pid = 1234;
    process->next = processes;
    processes = process;
    return process;
}

void process_disown(struct process *process) { process->owner = NULL; }

void process_signal_group(const struct process *process, int signal)
{
    REQUIRE(process->pid && signal > 0 && signal <= 64);
}

void environment_complete(struct strings *env, const struct identity *identity) { env_set(env, "HOME", identity->home); }

void command_free(struct command *command)
{
    strings_free(&command->argv);
    strings_free(&command->env);
    free(command->cwd);
    identity_free(&command->identity);
}

/* --- files that are none --------------------------------------------------------------------------------------------- */

int file_write_open(struct file_write *file, bool parents, bool append, char **message)
{
    REQUIRE(parents && !append && *file->path == '/' && file->fd < 0);
    file->created = true;
    if (file->path[1] != '!')
        return 0;
    *message = duplicate("a file that cannot be");
    return EACCES;
}

int file_write_bytes(struct file_write *file, const uint8_t *bytes, size_t size, char **message)
{
    (void)message;
    REQUIRE(size && file->path);
    for (size_t i = 0; i < size; i++) /* all of it can be read */
        if (((const volatile uint8_t *)bytes)[i] == 0)
            continue;
    file->done += size;
    return 0;
}

int file_write_finish(struct file_write *file, char **message)
{
    (void)message;
    REQUIRE(file->path);
    return 0;
}

void file_write_free(struct file_write *file)
{
    free(file->path);
    file->path = NULL;
}

static void process_happens(uint8_t how)
{
    struct process *process = processes;
    if (!process)
        return;
    bool over = true;
    struct rusage usage = {0};
    if (process->owner && !process->running && how == 0) {
        process->running = true;
        process->started(process);
        over = false;
    } else if (process->owner && !process->running) {
        process->failed(process, ENOENT, "cannot be executed");
    } else if (process->owner) {
        process->exited(process, how == 0 ? 0 : how == 1 ? 9 : 3 << 8, &usage);
    }
    if (over) {
        processes = process->next;
        free_later(process);
    }
}

/* --- the machine and the other kinds --------------------------------------------------------------------------------- */

void logs_drain(void) {}
void logs_resumed(void) {}
void logs_workload_ended(void) {}

int logs_attach(int output, const struct identity *identity)
{
    (void)identity;
    REQUIRE(output == 1 || output == 2);
    return dup(STDERR_FILENO);
}

char *system_set_names(const char *hostname, const struct strings *extra_hosts, uint32_t *code)
{
    *code = EINVAL;
    REQUIRE(extra_hosts->count % 2 == 0);
    return *hostname == '!' ? duplicate("a host name that cannot be") : NULL;
}

char *system_mount_volumes(const struct strings *volumes, uint32_t *code)
{
    REQUIRE(volumes->count % 2 == 0);
    *code = BROKEN_REQUEST;
    return volumes->count > 16 ? duplicate("too many volumes") : NULL;
}

int system_freeze_volumes(bool frozen)
{
    (void)frozen;
    return 0;
}

int system_freeze(bool frozen)
{
    (void)frozen;
    return 0;
}

bool system_is_frozen(void) { return true; }

char *system_renew(const uint8_t entropy[32], uint64_t seconds, uint32_t nanoseconds)
{
    return entropy[0] == '!' && seconds && nanoseconds ? duplicate("a clock that cannot be") : NULL;
}

/* Sends back on subchannel 1 what it gets; refuses a request of one byte. Like all kinds it may hold input until there is credit. */
static void echo_open(struct stream *stream, struct reader *request)
{
    stream->state = allocate(sizeof(struct buffer));
    *(struct buffer *)stream->state = (struct buffer){0};
    if (request->end - request->at == 1)
        stream_fail(stream, BROKEN_REQUEST, "broken request: %s", stream->kind->name);
    else
        stream_opened(stream, NULL);
}

static void echo_data(struct stream *stream, const uint8_t *bytes, size_t size)
{
    put_bytes(stream->state, bytes, size);
    stream_wake(stream);
}

static bool echo_pump(struct stream *stream)
{
    struct buffer *held = stream->state;
    size_t size = stream_allowance(stream, 1, held->size);
    if (size) {
        stream_send(stream, 1, held->data, size);
        buffer_drop(held, size);
        stream_consumed(stream, size);
    } else if (!held->size && stream->input_ended) {
        stream_send_end(stream, 1);
        stream_result(stream, NULL);
    }
    return size != 0;
}

static void echo_close(struct stream *stream, bool reset)
{
    (void)reset;
    buffer_free(stream->state);
    free_later(stream->state);
}

#define ECHO(variable, text, input)                                                                                     \
    const struct kind variable = {                                                                                      \
        .name = text, .takes_input = input, .open = echo_open, .data = echo_data, .pump = echo_pump, .close = echo_close}
ECHO(file_read_kind, "FILE_READ", false);
ECHO(file_write_kind, "FILE_WRITE", true);
ECHO(stat_kind, "STAT", false);
ECHO(tar_out_kind, "TAR_OUT", false);
ECHO(tar_in_kind, "TAR_IN", true);
ECHO(connect_kind, "CONNECT", true);
ECHO(listen_watch_kind, "LISTEN_WATCH", false);
ECHO(log_kind, "LOG", false);

/* --- the host -------------------------------------------------------------------------------------------------------- */

/* What the host knows of its own streams, from what it sends. */
static void note(const struct frame *frame)
{
    struct reader in = reader_of(frame->payload, frame->size);
    struct seen *which = seen_find(frame->stream);
    if (frame->type == OPEN && state != PARKED_NOW && frame->epoch == epoch) {
        read_u8(&in);
        uint32_t credit = read_u32(&in);
        if (seen_count == SEEN_MAX)
            longjmp(ended, 1);
        seen[seen_count++] = (struct seen){.id = frame->stream, .credit = {0, credit, credit}};
    } else if (frame->type == CREDIT && which && frame->epoch == epoch) {
        which->credit[frame->flags] += read_u32(&in);
    } else if (frame->type == RESET && which && frame->epoch == epoch && state != FREEZING) {
        which->over = true;
    }
}

static void receive(const uint8_t *data, size_t size)
{
    struct frame frame;
    const char *problem = NULL;
    int found;
    decoder_feed(&decoder, data, size);
    while ((found = decoder_next(&decoder, &frame, &problem)) > 0) {
        note(&frame);
        session_frame(&frame);
    }
    if (found < 0)
        longjmp(ended, 1);
}

static void happen(uint8_t what)
{
    if (what < 3)
        process_happens(what);
    else if (what < 6 && timers) {
        struct timer *timer = timers;
        timer_clear(timer);
        timer->due(timer);
    } else {
        for (int i = 0; i < 64 && streams_pump(); i++)
            continue;
    }
}

static void run(const uint8_t *data, size_t size)
{
    while (size) {
        uint8_t step = *data++;
        size--;
        if (step > STEP_BYTES_MAX) {
            happen(step & 0x0F);
        } else {
            size_t length = step < size ? step : size;
            if (length) /* as from a read */
                receive(data, length);
            data += length;
            size -= length;
        }
        streams_pump();
        end_round();
        REQUIRE(open_count <= STREAMS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    signal(SIGPIPE, SIG_IGN);
    if (!setjmp(ended))
        run(data, size);
    /* After an end in the middle of something this is what the end of the process would do. */
    streams_drop_all();
    end_round();
    while (processes) {
        struct process *next = processes->next;
        free(processes);
        processes = next;
    }
    timers = NULL;
    state = GREETING;
    epoch = 0;
    seen_count = 0;
    buffer_free(&decoder.pending);
    decoder = (struct decoder){0};
    workload_reset();
    return 0;
}
