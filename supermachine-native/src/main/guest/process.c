#include "process.h"

#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct process *processes;
static struct watch children = {.fd = -1};

static void unlink_process(struct process *process)
{
    for (struct process **at = &processes; *at; at = &(*at)->next)
        if (*at == process) {
            *at = process->next;
            break;
        }
    watch_close(&process->report);
    free(process->name);
    free(process->cwd);
    free_later(process);
}

static char *failure_message(const struct process *process, const struct spawn_failure *failure)
{
    const char *reason = strerror(failure->error);
    struct stat status;
    switch (failure->step) {
    case STEP_CWD:
        return format_text("cannot start \"%s\": working directory \"%s\": %s", process->name, process->cwd, reason);
    case STEP_USER:
        return format_text("cannot start \"%s\": changing to its user: %s", process->name, reason);
    case STEP_GROUP:
        return format_text("cannot start \"%s\": joining the control group of the workload: %s", process->name, reason);
    case STEP_TTY:
        return format_text("cannot start \"%s\": its terminal: %s", process->name, reason);
    default:
        break;
    }
    if (failure->error == ENOENT && !strchr(process->name, '/'))
        return format_text("cannot execute \"%s\": not found in PATH", process->name);
    if (failure->error == ENOENT && process->name[0] == '/' && stat(process->name, &status) == 0)
        return format_text("cannot execute \"%s\": the file exists, but its interpreter or dynamic loader does not",
                           process->name);
    if (failure->error == ENOEXEC)
        return format_text("cannot execute \"%s\": %s (a script needs a first line with #!)", process->name, reason);
    return format_text("cannot execute \"%s\": %s", process->name, reason);
}

/* The report pipe closes when execve succeeds; before that it may carry one failure. */
static void settle(struct process *process)
{
    struct spawn_failure failure;
    ssize_t got;
    do
        got = read(process->report.fd, &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return;
    watch_close(&process->report);
    if (got == sizeof failure) {
        process->dead_on_arrival = true;
        char *message = failure_message(process, &failure);
        if (process->owner)
            process->failed(process, failure.error, message);
        process->owner = NULL;
        free(message);
    } else {
        process->running = true;
        if (process->owner)
            process->started(process);
    }
}

static void report_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    settle(watch->owner);
}

static void reaped(struct process *process, int status, const struct rusage *usage)
{
    if (!process->running && !process->dead_on_arrival)
        settle(process); /* its end may be seen before its beginning */
    process->pid = 0;
    if (process->running && process->owner)
        process->exited(process, status, usage);
    unlink_process(process);
}

static void children_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct signalfd_siginfo info;
    while (read(watch->fd, &info, sizeof info) > 0)
        continue;
    int status;
    struct rusage usage;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        struct process *process = processes;
        while (process && process->pid != pid)
            process = process->next;
        if (process)
            reaped(process, status, &usage);
    }
}

#ifdef HOSTED
/* A guest's processes end with the guest; those of a hosted agent would stay. */
static void end_all(void)
{
    for (struct process *process = processes; process; process = process->next)
        process_signal_group(process, SIGKILL);
}
#endif

void process_init(void)
{
#ifdef HOSTED
    before_power_off = end_all;
#endif
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    children.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children.fd < 0)
        fatal("signalfd: %s", strerror(errno));
    children.ready = children_ready;
    watch_set(&children, EPOLLIN);
}

struct process *process_start(const struct command *command, const struct process *callbacks)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0)
        return NULL;
    struct process *process = allocate(sizeof *process);
    *process = *callbacks;
    process->started_ns = monotonic_ns();
    pid_t pid = fork();
    if (pid == 0)
        spawn_child(command, report[1]);
    int error = errno;
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        free(process);
        errno = error;
        return NULL;
    }
    process->pid = pid;
    process->name = duplicate(command->argv.items[0]);
    process->cwd = duplicate(command->cwd);
    process->report = (struct watch){.fd = report[0], .ready = report_ready, .owner = process};
    watch_set(&process->report, EPOLLIN);
    process->next = processes;
    processes = process;
    return process;
}

void process_disown(struct process *process) { process->owner = NULL; }

void process_signal_group(const struct process *process, int signal)
{
    /* Before the command runs, the child may not have its group yet. */
    if (process->pid > 0 && kill(-process->pid, signal) < 0 && !process->running)
        kill(process->pid, signal);
}

void environment_complete(struct strings *env, const struct identity *identity)
{
    if (!env_get(env, "PATH"))
        env_set(env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if (!env_get(env, "HOME"))
        env_set(env, "HOME", identity->home);
    char name[256] = "";
    if (!env_get(env, "HOSTNAME") && gethostname(name, sizeof name - 1) == 0)
        env_set(env, "HOSTNAME", name);
}

void command_free(struct command *command)
{
    strings_free(&command->argv);
    strings_free(&command->env);
    free(command->cwd);
    command->cwd = NULL;
    identity_free(&command->identity);
}
