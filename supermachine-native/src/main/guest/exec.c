/* EXEC: commands, one after the other, with their pipes or their terminal on a stream. */
#include "kinds.h"
#include "process.h"
#include "stage.h"
#include "terminal.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLAG_TTY = 1, FLAG_STDIN = 2 };
enum { CHUNK = 65536, TTY_LEFT_MAX = 1024 * 1024, COMMANDS_MAX = 256 };

struct pipe_end {
    struct watch watch;
    bool ready;
};

struct exec {
    struct stream *stream;
    struct stage stage; /* files that come before the commands */
    struct strings *commands;
    size_t count, at; /* commands[at] is the one that runs, or has run last */
    struct command command; /* what all have in common; its argv belongs to `commands` */
    struct process *process; /* NULL before it is started and after it has ended */
    struct pipe_end in, out[3]; /* out[1] and out[2]; a terminal's one descriptor is out[1], for both directions */
    int child_in; /* the commands' end of the input, until the last has got it; -1 */
    struct buffer input;
    uint16_t rows, columns;
    bool tty, wants_input, input_ended, timed_out;
    bool exited; /* the command at `at` has */
    bool over;   /* and no other comes after it */
    size_t left[3]; /* after the exit: what may still be read */
    uint64_t sent[3]; /* of this command on each output */
    struct timer timer;
    uint64_t timeout_ms;
    struct buffer outcomes;
};

static void end_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct exec *exec = watch->owner;
    for (int i = 1; i <= 2; i++)
        exec->out[i].ready = exec->out[i].ready || watch == &exec->out[i].watch;
    exec->in.ready = exec->in.ready || watch == &exec->in.watch || exec->tty;
    stream_wake(exec->stream);
}

static void attach(struct exec *exec, struct pipe_end *end, int fd, uint32_t events)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    end->ready = false;
    end->watch = (struct watch){.fd = fd, .ready = end_ready, .owner = exec};
    watch_set(&end->watch, events | EPOLLET);
}

/* Our end goes to `end`, the child's is returned; -1 with errno. */
static int make_pipe(struct exec *exec, struct pipe_end *end, bool to_child)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    attach(exec, end, fds[to_child ? 1 : 0], to_child ? EPOLLOUT : EPOLLIN);
    int child = fds[to_child ? 0 : 1];
    /* So that a program of another user may open /dev/stdout. */
    const struct identity *identity = &exec->command.identity;
    if (geteuid() == 0 && fchown(child, identity->uid, identity->gid) < 0)
        say("fchown of a pipe: %s", strerror(errno));
    return child;
}

static int make_terminal(struct exec *exec)
{
    int master;
    int slave = terminal_open(exec->rows, exec->columns, &exec->command.identity, &master);
    if (slave >= 0)
        attach(exec, &exec->out[1], master, EPOLLIN | EPOLLOUT);
    return slave;
}

static void finish(struct exec *exec)
{
    struct buffer result = {0};
    stream_send_end(exec->stream, 1);
    stream_send_end(exec->stream, 2);
    put_u32(&result, (uint32_t)exec->at + 1);
    put_bytes(&result, exec->outcomes.data, exec->outcomes.size);
    stream_result(exec->stream, &result);
}

static void timed_out(struct timer *timer)
{
    struct exec *exec = timer->owner;
    exec->timed_out = true;
    if (exec->process)
        process_signal_group(exec->process, SIGKILL);
}

static void started(struct process *process)
{
    struct exec *exec = process->owner;
    if (exec->at > 0)
        return;
    struct buffer reply = {0};
    put_u32(&reply, (uint32_t)process->pid);
    stream_opened(exec->stream, &reply);
    if (exec->timeout_ms)
        timer_set(&exec->timer, exec->timeout_ms > UINT64_MAX / 1000000 ? UINT64_MAX : exec->timeout_ms * 1000000);
}

static void failed(struct process *process, int error, const char *message)
{
    struct exec *exec = process->owner;
    exec->process = NULL;
    stream_fail(exec->stream, (uint32_t)error, "%s", message);
}

static void exited(struct process *process, int status, const struct rusage *usage)
{
    struct exec *exec = process->owner;
    exec->process = NULL;
    exec->exited = true;
    bool killed = WIFSIGNALED(status);
    exec->over = exec->timed_out || status != 0 || exec->at + 1 == exec->count;
    if (exec->over)
        timer_clear(&exec->timer);
    put_u8(&exec->outcomes, exec->timed_out ? 2 : killed ? 1 : 0);
    put_u32(&exec->outcomes, (uint32_t)(killed ? WTERMSIG(status) : WEXITSTATUS(status)));
    put_u64(&exec->outcomes, (uint64_t)usage->ru_maxrss);
    put_u64(&exec->outcomes, (monotonic_ns() - process->started_ns) / 1000);
    /* Children left behind may hold the pipes for ever: only what is in them now belongs to the command. */
    for (int i = 1; i <= 2; i++) {
        int held = 0;
        exec->left[i] = 0;
        if (exec->tty)
            exec->left[i] = TTY_LEFT_MAX; /* read until there is no more; FIONREAD would miss what is on its way */
        else if (exec->out[i].watch.fd >= 0 && ioctl(exec->out[i].watch.fd, FIONREAD, &held) == 0)
            exec->left[i] = (size_t)held;
        exec->out[i].ready = true;
    }
    stream_wake(exec->stream);
}

/* The command's ends of its descriptors, in `child`; -1 with errno where there is none. */
static void make_descriptors(struct exec *exec, int child[3])
{
    if (exec->tty) {
        child[0] = child[1] = child[2] = make_terminal(exec);
        return;
    }
    if (exec->child_in < 0) /* all commands share it, as those of a shell do */
        exec->child_in = exec->wants_input ? make_pipe(exec, &exec->in, true) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    child[0] = exec->child_in;
    child[1] = child[0] < 0 ? -1 : make_pipe(exec, &exec->out[1], false);
    child[2] = child[1] < 0 ? -1 : make_pipe(exec, &exec->out[2], false);
}

static void close_child_in(struct exec *exec)
{
    if (exec->child_in >= 0)
        close(exec->child_in);
    exec->child_in = -1;
}

static void start_command(struct exec *exec)
{
    struct command *command = &exec->command;
    int *child = command->descriptors;
    command->argv = exec->commands[exec->at];
    command->tty = exec->tty;
    exec->exited = false;
    exec->sent[1] = exec->sent[2] = 0;
    make_descriptors(exec, child);
    struct process callbacks = {.owner = exec, .started = started, .failed = failed, .exited = exited};
    if (child[2] >= 0)
        exec->process = process_start(command, &callbacks);
    if (!exec->process)
        stream_fail(exec->stream, (uint32_t)errno, "cannot start \"%s\": %s", command->argv.items[0], strerror(errno));
    else if (exec->timed_out) /* between two commands */
        process_signal_group(exec->process, SIGKILL);
    for (int i = 1; i <= (exec->tty ? 1 : 2); i++)
        if (child[i] >= 0)
            close(child[i]);
    if (exec->at + 1 == exec->count)
        close_child_in(exec);
}

/* Notes what the command that has ended wrote, and goes on to the next if there is one. */
static void command_is_over(struct exec *exec)
{
    put_u64(&exec->outcomes, exec->sent[1]);
    put_u64(&exec->outcomes, exec->sent[2]);
    if (exec->over) {
        finish(exec);
        return;
    }
    exec->at++;
    start_command(exec);
}

/* Reads what is between the request's commands and its files; false if it is broken. */
static bool read_commands(struct exec *exec, struct reader *request)
{
    uint32_t count = read_u32(request);
    if (!count || count > COMMANDS_MAX)
        return false;
    exec->commands = allocate(count * sizeof *exec->commands);
    for (; exec->count < count; exec->count++) {
        exec->commands[exec->count] = read_strings(request);
        if (!exec->commands[exec->count].count || !*exec->commands[exec->count].items[0]) {
            exec->count++;
            return false;
        }
    }
    return true;
}

/* Takes what belongs to the files, and starts the first command behind them. */
static void take_files(struct exec *exec, const uint8_t **bytes, size_t *size)
{
    char *message = NULL;
    int error = stage_take(&exec->stage, &exec->command.identity, bytes, size, &message);
    if (error)
        stream_fail(exec->stream, (uint32_t)error, "%s", message);
    else if (stage_finished(&exec->stage))
        start_command(exec);
    free(message);
}

static void open_exec(struct stream *stream, struct reader *request)
{
    struct exec *exec = allocate(sizeof *exec);
    *exec = (struct exec){.stream = stream, .child_in = -1, .in.watch.fd = -1, .stage.file.fd = -1};
    exec->out[1].watch.fd = exec->out[2].watch.fd = -1;
    exec->timer.due = timed_out;
    exec->timer.owner = exec;
    stream->state = exec;
    bool valid = read_commands(exec, request);
    struct strings env = read_map(request);
    exec->command.cwd = read_string(request);
    char *user = read_string(request);
    uint8_t flags = read_u8(request);
    exec->rows = read_u16(request);
    exec->columns = read_u16(request);
    exec->timeout_ms = read_u64(request);
    exec->stage = stage_read(request);
    exec->tty = flags & FLAG_TTY;
    exec->wants_input = flags & FLAG_STDIN;
    exec->input_ended = !exec->wants_input && !exec->tty;

    char *problem = NULL;
    if (!valid || !reader_finished(request) || !env_map_valid(&env) || (exec->tty && exec->count > 1))
        stream_fail(stream, BROKEN_REQUEST, "broken request: EXEC");
    else if ((problem = workload_defaults(&exec->command, &env, user)))
        stream_fail(stream, ENOENT, "cannot execute \"%s\": %s", exec->commands[0].items[0], problem);
    const uint8_t *nothing = NULL;
    size_t none = 0;
    if (!stream->gone)
        take_files(exec, &nothing, &none);
    free(problem);
    free(user);
    strings_free(&env);
}

static void take_input(struct stream *stream, const uint8_t *bytes, size_t size)
{
    struct exec *exec = stream->state;
    size_t whole = size;
    if (!stage_finished(&exec->stage)) {
        take_files(exec, &bytes, &size);
        if (stream->gone)
            return;
        stream_consumed(stream, whole - size);
    }
    if (exec->over || (!exec->tty && exec->in.watch.fd < 0)) {
        stream_consumed(stream, size); /* nobody reads it any more: not an error, like a closed pipe in a shell */
        return;
    }
    put_bytes(&exec->input, bytes, size);
    stream_wake(stream);
}

static void input_ended(struct stream *stream)
{
    struct exec *exec = stream->state;
    if (exec->tty && !exec->exited)
        put_bytes(&exec->input, "\004", 1); /* what a person would press */
    exec->input_ended = true;
}

static bool pump_input(struct exec *exec)
{
    struct watch *watch = exec->tty ? &exec->out[1].watch : &exec->in.watch;
    if (exec->input.size && watch->fd >= 0 && exec->in.ready) {
        ssize_t wrote = write(watch->fd, exec->input.data, exec->input.size);
        if (wrote < 0 && errno == EAGAIN) {
            exec->in.ready = false;
            return false;
        }
        size_t used = wrote < 0 ? exec->input.size : (size_t)wrote;
        if (wrote < 0 && !exec->tty)
            watch_close(watch); /* EPIPE: the command closed its stdin */
        buffer_drop(&exec->input, used);
        stream_consumed(exec->stream, used);
        return true;
    }
    if (!exec->input.size && exec->input_ended)
        watch_close(&exec->in.watch);
    return false;
}

static bool pump_output(struct exec *exec, int subchannel)
{
    static uint8_t bytes[CHUNK];
    struct pipe_end *end = &exec->out[subchannel];
    struct stream *stream = exec->stream;
    bool over = end->watch.fd < 0 || (exec->exited && !exec->left[subchannel]);
    if (!over && end->ready) {
        size_t wanted = exec->exited && exec->left[subchannel] < CHUNK ? exec->left[subchannel] : CHUNK;
        wanted = stream_allowance(stream, subchannel, wanted);
        if (!wanted)
            return false;
        ssize_t got = read(end->watch.fd, bytes, wanted);
        if (got > 0) {
            stream_send(stream, subchannel, bytes, (size_t)got);
            exec->sent[subchannel] += (uint64_t)got;
            if (exec->exited)
                exec->left[subchannel] -= (size_t)got;
            return true;
        }
        if (got < 0 && errno == EAGAIN && !exec->exited) {
            end->ready = false;
            return false;
        }
        over = true; /* end of file; EIO when the last holder of a terminal is gone */
    }
    /* A terminal is kept open until the process ends: others may open it again. */
    if (!over || (exec->tty && !exec->exited)) {
        end->ready = false;
        return false;
    }
    watch_close(&end->watch);
    if (exec->over || exec->at + 1 == exec->count)
        stream_send_end(stream, subchannel);
    return false;
}

static bool pump(struct stream *stream)
{
    struct exec *exec = stream->state;
    bool moved = pump_input(exec);
    moved |= pump_output(exec, 1);
    if (!exec->tty)
        moved |= pump_output(exec, 2);
    if (exec->exited && exec->out[1].watch.fd < 0 && exec->out[2].watch.fd < 0)
        command_is_over(exec);
    return moved && !stream->gone;
}

static void signal_exec(struct stream *stream, int signal)
{
    struct exec *exec = stream->state;
    if (exec->process)
        process_signal_group(exec->process, signal);
}

static void resize(struct stream *stream, uint16_t rows, uint16_t columns)
{
    struct exec *exec = stream->state;
    if (exec->tty && exec->out[1].watch.fd >= 0)
        terminal_resize(exec->out[1].watch.fd, rows, columns);
}

static void close_exec(struct stream *stream, bool reset)
{
    struct exec *exec = stream->state;
    if (exec->process) {
        if (reset)
            process_signal_group(exec->process, SIGKILL);
        process_disown(exec->process);
    }
    timer_clear(&exec->timer);
    watch_close(&exec->in.watch);
    watch_close(&exec->out[1].watch);
    watch_close(&exec->out[2].watch);
    close_child_in(exec);
    stage_free(&exec->stage);
    exec->command.argv = (struct strings){0};
    command_free(&exec->command);
    for (size_t i = 0; i < exec->count; i++)
        strings_free(&exec->commands[i]);
    free(exec->commands);
    exec->commands = NULL;
    exec->count = 0;
    buffer_free(&exec->input);
    buffer_free(&exec->outcomes);
    free_later(exec);
}

const struct kind exec_kind = {
    .name = "EXEC",
    .takes_input = true,
    .early_input = true,
    .open = open_exec,
    .data = take_input,
    .end_of_input = input_ended,
    .pump = pump,
    .signal = signal_exec,
    .resize = resize,
    .close = close_exec,
};
