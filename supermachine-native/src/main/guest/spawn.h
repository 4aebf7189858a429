/* What happens in the child between fork and execve. */
#ifndef SM_SPAWN_H
#define SM_SPAWN_H

#include "process.h"

enum spawn_step { STEP_GROUP = 1, STEP_TTY, STEP_USER, STEP_CWD, STEP_EXEC };

struct spawn_failure {
    int step, error;
};

/* Becomes the command, or writes a struct spawn_failure to `report` and ends. */
_Noreturn void spawn_child(const struct command *, int report);

#endif
