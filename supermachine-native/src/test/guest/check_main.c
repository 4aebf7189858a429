#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An error the sanitizers find must not look like the agent's own status 1. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "exitcode=99"; }

int check_count, check_failures;

void check(bool good, const char *file, int line, const char *what)
{
    check_count++;
    if (good)
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
}

void check_text(const char *found, const char *wanted, const char *file, int line)
{
    check_count++;
    if (found && !strcmp(found, wanted))
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: expected \"%s\", found \"%s\"\n", file, line, wanted, found ? found : "(null)");
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717ull;
}

void random_fill(uint64_t *state, void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(random_next(state) >> 32);
}

void random_mutate(uint64_t *state, uint8_t *bytes, size_t size)
{
    for (uint64_t changes = size ? 1 + random_next(state) % 4 : 0; changes; changes--) {
        uint8_t *at = bytes + random_next(state) % size;
        static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
        *at = random_next(state) & 1 ? edges[random_next(state) % sizeof edges]
                                     : (uint8_t)(*at ^ 1u << random_next(state) % 8);
    }
}

size_t fuzz_rounds(void)
{
    const char *text = getenv("AGENT_FUZZ_ROUNDS");
    return text ? strtoul(text, NULL, 10) : 20000;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"codec", check_codec},     {"frame", check_frame},     {"users", check_users},
        {"modinfo", check_modinfo}, {"procnet", check_procnet}, {"logring", check_logring},
        {"path", check_path},       {"tar", check_tar},         {"session", check_session},
        {"exec", check_exec},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int before = check_count;
        parts[i].run();
        printf("%-8s %d checks\n", parts[i].name, check_count - before);
        if (check_count == before)
            check(false, parts[i].name, 0, "something was checked");
    }
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures ? 1 : 0;
}
