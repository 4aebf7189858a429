/* The workload's outputs: pipes into the ring, and LOG streams out of it. */
#ifndef SM_LOGS_H
#define SM_LOGS_H

#include "users.h"

/* The child's end of a new pipe for output 1 or 2; -1 with errno. */
int logs_attach(int output, const struct identity *);

/* Takes what the pipes hold into the ring, before a capture. */
void logs_drain(void);

/* What comes from now on is of a new run. */
void logs_resumed(void);

void logs_workload_ended(void);

#endif
