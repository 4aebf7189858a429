/* The agent's unit tests: plain functions that CHECK, run one after the other under ASan and UBSan. */
#ifndef SM_CHECK_H
#define SM_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern int check_count, check_failures;

void check(bool good, const char *file, int line, const char *what);
void check_text(const char *found, const char *wanted, const char *file, int line);

#define CHECK(condition) check((condition) ? true : false, __FILE__, __LINE__, #condition)
#define CHECK_TEXT(found, wanted) check_text(found, wanted, __FILE__, __LINE__)

/* A generator with a fixed seed, so that a failure comes again (xorshift64*). */
uint64_t random_next(uint64_t *state);
void random_fill(uint64_t *state, void *bytes, size_t size);
/* Changes a few bytes, as a fuzzer does. */
void random_mutate(uint64_t *state, uint8_t *bytes, size_t size);

/* How often a loop over random input runs; environment variable AGENT_FUZZ_ROUNDS. */
size_t fuzz_rounds(void);

void check_codec(void);
void check_frame(void);
void check_users(void);
void check_modinfo(void);
void check_procnet(void);
void check_logring(void);
void check_path(void);
void check_tar(void);
void check_session(void);
void check_exec(void);

#endif
