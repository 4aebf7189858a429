#include "workload.h"

#include "channel.h"
#include "logs.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct strings argv, image_env, machine_env, extra_hosts;
static char *user, *cwd;
static bool configured, started, ended;
static struct process *process;

static void forget_configuration(void)
{
    strings_free(&argv);
    strings_free(&extra_hosts);
    free(user);
    free(cwd);
    user = cwd = NULL;
}

char *workload_configure(struct reader *in, uint32_t *code)
{
    if (configured) {
        *code = WRONG_STATE;
        return duplicate("CONFIGURE was sent twice");
    }
    argv = read_strings(in);
    struct strings env = read_map(in);
    user = read_string(in);
    cwd = read_string(in);
    read_u32(in); /* the stop signal: the host sends it by WORKLOAD_SIGNAL, the agent needs it for nothing */
    char *hostname = read_string(in);
    extra_hosts = read_map(in);
    struct strings volumes = read_map(in);
    *code = BROKEN_REQUEST;
    char *problem = NULL;
    if (!reader_finished(in) || !env_map_valid(&env))
        problem = duplicate("broken request: CONFIGURE");
    else
        problem = system_set_names(hostname, &extra_hosts, code);
    if (!problem)
        problem = system_mount_volumes(&volumes, code);
    if (problem)
        forget_configuration(); /* nothing of it: RESUME would set the names of half a request */
    else
        env_set_all(&image_env, &env);
    strings_free(&env);
    strings_free(&volumes);
    free(hostname);
    configured = !problem;
    return problem;
}

void workload_renew(const char *hostname, const struct strings *env)
{
    uint32_t code;
    char *problem = system_set_names(hostname, &extra_hosts, &code);
    if (problem)
        say("%s", problem);
    free(problem);
    strings_free(&machine_env);
    env_set_all(&machine_env, env);
}

char *workload_defaults(struct command *command, const struct strings *env, const char *as)
{
    env_copy(&command->env, &image_env);
    for (size_t i = 0; i < machine_env.count; i++) {
        char *entry = duplicate(machine_env.items[i]), *equals = strchr(entry, '=');
        *equals = 0;
        env_set(&command->env, entry, equals + 1);
        free(entry);
    }
    env_set_all(&command->env, env);
    if (!command->cwd || !*command->cwd) {
        free(command->cwd);
        command->cwd = duplicate(cwd && *cwd ? cwd : "/");
        command->create_cwd = true; /* images name directories they do not have; only one asked for must exist */
    }
    char *problem = identity_resolve(&command->identity, *as ? as : user ? user : "");
    if (!problem)
        environment_complete(&command->env, &command->identity);
    return problem;
}

static void on_started(struct process *now)
{
    struct buffer payload = {0};
    started = true;
    put_u32(&payload, (uint32_t)now->pid);
    channel_send_buffer(STARTED, 0, &payload);
}

static void on_failed(struct process *now, int error, const char *message)
{
    (void)now;
    process = NULL;
    channel_send_error(CONTROL_ERROR, 0, (uint32_t)error, message);
}

static void on_exited(struct process *now, int status, const struct rusage *usage)
{
    (void)now;
    (void)usage;
    process = NULL;
    ended = true;
    logs_workload_ended();
    struct buffer payload = {0};
    put_u8(&payload, WIFSIGNALED(status));
    put_u32(&payload, (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
    channel_send_buffer(WORKLOAD_EXIT, 0, &payload);
}

void workload_start(void)
{
    if (!configured || process || started) {
        channel_send_error(CONTROL_ERROR, 0, WRONG_STATE,
                           configured ? "the workload was started before" : "START came before CONFIGURE");
        return;
    }
    if (!argv.count || !*argv.items[0]) {
        channel_send_error(CONTROL_ERROR, 0, BROKEN_REQUEST, "the image names no command to run");
        return;
    }
    struct command command = {.descriptors = {-1, -1, -1}};
    struct strings no_env = {0};
    env_copy(&command.argv, &argv);
    char *problem = workload_defaults(&command, &no_env, "");
    if (problem) {
        channel_send_error(CONTROL_ERROR, 0, ENOENT, problem);
    } else {
        int *child = command.descriptors;
        child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        child[1] = logs_attach(1, &command.identity);
        child[2] = logs_attach(2, &command.identity);
        struct process callbacks = {
            .owner = &process, .started = on_started, .failed = on_failed, .exited = on_exited};
        if (child[0] >= 0 && child[1] >= 0 && child[2] >= 0)
            process = process_start(&command, &callbacks);
        if (!process)
            channel_send_error(CONTROL_ERROR, 0, (uint32_t)errno, strerror(errno));
        for (int i = 0; i < 3; i++)
            if (child[i] >= 0)
                close(child[i]);
    }
    free(problem);
    command_free(&command);
}

bool workload_has_ended(void) { return ended; }

void workload_signal(int signal)
{
    if (process)
        process_signal_group(process, signal);
}
