/* Small things every part needs: messages, memory that is there or ends the machine, the monotonic clock. */
#ifndef SM_UTIL_H
#define SM_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF(text, first) __attribute__((format(printf, text, first)))

/* One line on the console, beginning with "agent: ". */
void say(const char *format, ...) PRINTF(1, 2);

/* One line on the console, then the machine is powered off (hosted: the process ends with status 1). */
_Noreturn void fatal(const char *format, ...) PRINTF(1, 2);

/* Ends the machine without a complaint; the hosted agent ends its process with `status`. */
_Noreturn void power_off(int status);

/* Called by it first, if set. */
extern void (*before_power_off)(void);

/* An agent without memory for its own small needs cannot go on: these never return NULL. */
void *allocate(size_t size);
void *reallocate(void *memory, size_t size);
char *duplicate(const char *text);
char *format_text(const char *format, ...) PRINTF(1, 2);

uint64_t monotonic_ns(void);

/* Writes the whole text to an existing kernel file; 0 or the errno. */
int write_file(const char *path, const char *text);

/* Reads at most `limit` bytes of a file into fresh memory with a NUL after them; NULL with errno set if it cannot be
 * read, EFBIG if it is longer. */
char *read_file(const char *path, size_t limit, size_t *size);

/* mkdir -p; 0 or the errno. */
int make_directories(const char *path, unsigned mode);

#endif
