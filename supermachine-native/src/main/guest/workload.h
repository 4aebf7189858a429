/* The image's own command: its configuration, its start, its end; and what EXEC inherits from it. */
#ifndef SM_WORKLOAD_H
#define SM_WORKLOAD_H

#include "process.h"

/* CONFIGURE; NULL or a fresh message with its code. */
char *workload_configure(struct reader *payload, uint32_t *code);

/* Answers STARTED or ERROR on the channel. */
void workload_start(void);

bool workload_has_ended(void);
void workload_signal(int signal);

/* SUSPEND: whoever is resumed from here keeps this machine's environment, below its own. */
void workload_keep_env(void);

/* RESUME's host name and environment, for everything started from now on. */
void workload_renew(const char *hostname, const struct strings *env);

/* Fills a command of EXEC with what the image gives: environment (the request's own over it), directory, user.
 * NULL or a fresh message. */
char *workload_defaults(struct command *, const struct strings *env, const char *user);

#endif
