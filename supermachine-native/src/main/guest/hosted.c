/* The agent in an ordinary process, for tests: it changes nothing of the machine it runs on. */
#include "boot.h"
#include "system.h"
#include "workload.h"

#include <signal.h>
#include <unistd.h>

void boot(int *in, int *out)
{
    *in = STDIN_FILENO;
    *out = STDOUT_FILENO;
}

char *system_set_names(const char *hostname, const struct strings *extra_hosts, uint32_t *code)
{
    (void)hostname;
    (void)extra_hosts;
    (void)code;
    return NULL;
}

char *system_mount_volumes(const struct strings *volumes, uint32_t *code)
{
    (void)volumes;
    (void)code;
    return NULL;
}

int system_freeze_volumes(bool frozen)
{
    (void)frozen;
    return 0;
}

int system_freeze(bool frozen)
{
    workload_signal(frozen ? SIGSTOP : SIGCONT);
    return 0;
}

bool system_is_frozen(void) { return true; }

char *system_renew(const uint8_t entropy[32], uint64_t seconds, uint32_t nanoseconds)
{
    (void)entropy;
    (void)seconds;
    (void)nanoseconds;
    return NULL;
}
