/* EXEC: a command with its pipes or its terminal on a stream. */
#include "kinds.h"
#include "process.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { FLAG_TTY = 1, FLAG_STDIN = 2 };
enum { CHUNK = 65536, TTY_LEFT_MAX = 1024 * 1024 };

struct pipe_end {
    struct watch watch;
    bool ready;
};

struct exec {
    struct stream *stream;
    struct process *process; /* NULL before it is started and after it has ended */
    struct pipe_end in, out[3]; /* out[1] and out[2]; a terminal's one descriptor is out[1], for both directions */
    struct buffer input;
    bool tty, input_ended, timed_out, exited;
    size_t left[3]; /* after the exit: what may still be read */
    struct timer timer;
    uint64_t timeout_ms;
    int status;
    uint64_t peak_kib, microseconds;
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
    end->watch = (struct watch){.fd = fd, .ready = end_ready, .owner = exec};
    watch_set(&end->watch, events | EPOLLET);
}

/* Our end goes to `end`, the child's is returned; -1 with errno. */
static int make_pipe(struct exec *exec, struct pipe_end *end, bool to_child, const struct identity *identity)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    attach(exec, end, fds[to_child ? 1 : 0], to_child ? EPOLLOUT : EPOLLIN);
    int child = fds[to_child ? 0 : 1];
    /* So that a program of another user may open /dev/stdout. */
    if (geteuid() == 0 && fchown(child, identity->uid, identity->gid) < 0)
        say("fchown of a pipe: %s", strerror(errno));
    return child;
}

static int open_terminal(struct exec *exec, uint16_t rows, uint16_t columns, const struct identity *identity)
{
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return -1;
    int unlocked = 0;
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    int slave = -1;
    if (ioctl(master, TIOCSPTLCK, &unlocked) == 0 && ioctl(master, TIOCSWINSZ, &size) == 0)
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        int error = errno;
        close(master);
        errno = error;
        return -1;
    }
    if (geteuid() == 0 && fchown(slave, identity->uid, (gid_t)-1) < 0)
        say("fchown of a terminal: %s", strerror(errno));
    attach(exec, &exec->out[1], master, EPOLLIN | EPOLLOUT);
    return slave;
}

static void finish(struct exec *exec)
{
    struct buffer result = {0};
    stream_send_end(exec->stream, 2); /* of a terminal, where nothing ever comes on it */
    bool killed = WIFSIGNALED(exec->status);
    put_u8(&result, exec->timed_out ? 2 : killed ? 1 : 0);
    put_u32(&result, (uint32_t)(killed ? WTERMSIG(exec->status) : WEXITSTATUS(exec->status)));
    put_u64(&result, exec->peak_kib);
    put_u64(&result, exec->microseconds);
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
    exec->status = status;
    exec->peak_kib = (uint64_t)usage->ru_maxrss;
    exec->microseconds = (monotonic_ns() - process->started_ns) / 1000;
    timer_clear(&exec->timer);
    /* Children left behind may hold the pipes for ever: only what is in them now belongs to the command. */
    for (int i = 1; i <= 2; i++) {
        int held = 0;
        if (exec->tty)
            exec->left[i] = TTY_LEFT_MAX; /* read until there is no more; FIONREAD would miss what is on its way */
        else if (exec->out[i].watch.fd >= 0 && ioctl(exec->out[i].watch.fd, FIONREAD, &held) == 0)
            exec->left[i] = (size_t)held;
        exec->out[i].ready = true;
    }
    stream_wake(exec->stream);
}

static void open_exec(struct stream *stream, struct reader *request)
{
    struct command command = {.argv = read_strings(request), .descriptors = {-1, -1, -1}};
    struct strings env = read_map(request);
    command.cwd = read_string(request);
    char *user = read_string(request);
    uint8_t flags = read_u8(request);
    uint16_t rows = read_u16(request);
    uint16_t columns = read_u16(request);
    struct exec *exec = allocate(sizeof *exec);
    *exec = (struct exec){.stream = stream, .in.watch.fd = -1, .out[1].watch.fd = -1, .out[2].watch.fd = -1};
    exec->timer.due = timed_out;
    exec->timer.owner = exec;
    exec->timeout_ms = read_u64(request);
    exec->tty = flags & FLAG_TTY;
    exec->input_ended = !(flags & FLAG_STDIN) && !exec->tty;
    stream->state = exec;

    char *problem = NULL;
    if (!reader_finished(request) || !command.argv.count || !*command.argv.items[0] || !env_map_valid(&env))
        stream_fail(stream, BROKEN_REQUEST, "broken request: EXEC");
    else if ((problem = workload_defaults(&command, &env, user)))
        stream_fail(stream, ENOENT, "cannot execute \"%s\": %s", command.argv.items[0], problem);
    if (stream->gone)
        goto done;

    int *child = command.descriptors;
    if (exec->tty) {
        command.tty = true;
        child[0] = open_terminal(exec, rows, columns, &command.identity);
        child[1] = child[2] = child[0];
    } else {
        child[0] = exec->input_ended ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                     : make_pipe(exec, &exec->in, true, &command.identity);
        child[1] = make_pipe(exec, &exec->out[1], false, &command.identity);
        child[2] = make_pipe(exec, &exec->out[2], false, &command.identity);
    }
    struct process callbacks = {.owner = exec, .started = started, .failed = failed, .exited = exited};
    if (child[0] >= 0 && child[1] >= 0 && child[2] >= 0)
        exec->process = process_start(&command, &callbacks);
    if (!exec->process)
        stream_fail(stream, (uint32_t)errno, "cannot start \"%s\": %s", command.argv.items[0], strerror(errno));
    for (int i = 0; i < (exec->tty ? 1 : 3); i++)
        if (child[i] >= 0)
            close(child[i]);
done:
    free(problem);
    free(user);
    strings_free(&env);
    command_free(&command);
}

static void take_input(struct stream *stream, const uint8_t *bytes, size_t size)
{
    struct exec *exec = stream->state;
    if (exec->exited || (!exec->tty && exec->in.watch.fd < 0)) {
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
        finish(exec);
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
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if (exec->tty && exec->out[1].watch.fd >= 0 && ioctl(exec->out[1].watch.fd, TIOCSWINSZ, &size) < 0)
        say("cannot resize a terminal: %s", strerror(errno));
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
    buffer_free(&exec->input);
    free_later(exec);
}

const struct kind exec_kind = {
    .name = "EXEC",
    .takes_input = true,
    .open = open_exec,
    .data = take_input,
    .end_of_input = input_ended,
    .pump = pump,
    .signal = signal_exec,
    .resize = resize,
    .close = close_exec,
};
