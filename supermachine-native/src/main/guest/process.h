/* Starting processes, hearing of their end, and reaping everything else, as process 1 must. */
#ifndef SM_PROCESS_H
#define SM_PROCESS_H

#include "codec.h"
#include "loop.h"
#include "users.h"

#include <sys/resource.h>

struct command {
    struct strings argv, env;
    char *cwd;
    bool create_cwd;
    struct identity identity;
    int descriptors[3]; /* stdin, stdout, stderr of the child */
    bool tty;           /* descriptors[0] becomes the controlling terminal */
};

struct process {
    pid_t pid; /* leads a session and a process group; 0 once it was reaped */
    void *owner;
    uint64_t started_ns;
    /* Exactly one of these two comes first… */
    void (*started)(struct process *);
    void (*failed)(struct process *, int error, const char *message);
    /* …and after `started`, this one. */
    void (*exited)(struct process *, int status, const struct rusage *);
    /* Private to process.c. */
    struct watch report;
    char *name, *cwd;
    bool running, dead_on_arrival;
    struct process *next;
};

/* Watches for children; called once. */
void process_init(void);

/* Forks at once; the callbacks come from the event loop. NULL with errno set when there is no process to be had. */
struct process *process_start(const struct command *, const struct process *callbacks);

/* The owner is gone: no more callbacks. The process itself goes on and is reaped when it ends. */
void process_disown(struct process *);

void process_signal_group(const struct process *, int signal);

/* PATH, HOME and HOSTNAME where they are not given. */
void environment_complete(struct strings *env, const struct identity *);

void command_free(struct command *);

#endif
