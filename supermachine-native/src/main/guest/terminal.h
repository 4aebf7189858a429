/* Terminals of commands. */
#ifndef SM_TERMINAL_H
#define SM_TERMINAL_H

#include "users.h"

#include <stdint.h>

/* The command's end of a new terminal, which belongs to it, and ours in `master`; -1 with errno. */
int terminal_open(uint16_t rows, uint16_t columns, const struct identity *, int *master);

/* Tells the programs on it by SIGWINCH. */
void terminal_resize(int master, uint16_t rows, uint16_t columns);

#endif
