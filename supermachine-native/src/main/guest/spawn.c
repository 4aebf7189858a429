#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /* systemd's defaults: programs that use select() are safe, those that want more may take it themselves. */
    FILES_SOFT = 1024,
    FILES_HARD = 524288,
};

_Noreturn static void give_up(int report, int step, int error)
{
    struct spawn_failure failure = {step, error};
    ssize_t ignored = write(report, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

static void default_signals(void)
{
    for (int number = 1; number <= 64; number++)
        signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and the C library's own: as it should */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors may stand in each other's place (2, 0, 1): move them all out of the way first. */
static void take_descriptors(const struct command *command, int *report)
{
    int moved[3];
    for (int i = 0; i < 3; i++)
        moved[i] = fcntl(command->descriptors[i], F_DUPFD_CLOEXEC, 3);
    if (*report < 3)
        *report = fcntl(*report, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; i++)
        dup2(moved[i], i);
    /* Ours all close on exec; what a hosted agent inherited may not. close_range: linux/close_range.h. */
    syscall(SYS_close_range, 3u, ~0u, 1u << 2);
}

static int take_identity(const struct identity *identity)
{
#ifdef HOSTED
    if (geteuid() != 0 || identity->uid == geteuid())
        return 0; /* the tests run as whoever runs them */
#endif
    if (setgroups(identity->group_count, identity->groups) < 0 || setgid(identity->gid) < 0 ||
        setuid(identity->uid) < 0)
        return errno;
    return 0;
}

static int execute(char **argv, char **env, const char *path)
{
    if (strchr(argv[0], '/')) {
        execve(argv[0], argv, env);
        return errno;
    }
    int result = ENOENT;
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, ":");
        char file[PATH_MAX];
        int size = snprintf(file, sizeof file, "%.*s%s%s", (int)length, at, length ? "/" : "./", argv[0]);
        if (size > 0 && (size_t)size < sizeof file) {
            execve(file, argv, env);
            if (errno != ENOENT && errno != ENOTDIR)
                result = errno;
            if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
                break;
        }
        at += length + (at[length] == ':');
    }
    return result;
}

void spawn_child(const struct command *command, int report)
{
    int error = 0;
    setsid();
#ifndef HOSTED
    if ((error = write_file("/sys/fs/cgroup/workload/cgroup.procs", "0")))
        give_up(report, STEP_GROUP, error);
    write_file("/proc/self/oom_score_adj", "0"); /* the agent's own protection is not inherited */
    struct rlimit files = {FILES_SOFT, FILES_HARD};
    setrlimit(RLIMIT_NOFILE, &files);
    /* The kernel's default follows the size of the memory; a test's machine belongs to its workload alone. */
    struct rlimit processes = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_NPROC, &processes);
#endif
    default_signals();
    umask(022);
    take_descriptors(command, &report);
    if (command->tty && ioctl(0, TIOCSCTTY, 0) < 0)
        give_up(report, STEP_TTY, errno);
    if (command->create_cwd && (error = make_directories(command->cwd, 0755)))
        give_up(report, STEP_CWD, error);
    if ((error = take_identity(&command->identity)))
        give_up(report, STEP_USER, error);
    if (chdir(command->cwd) < 0)
        give_up(report, STEP_CWD, errno);
    const char *path = env_get(&command->env, "PATH");
    give_up(report, STEP_EXEC, execute(command->argv.items, command->env.items, path ? path : ""));
}
