// Prints the frequency of this processor's time stamp counter in kHz. The laboratory's kernel is told it, because it would measure it
// against emulated timers, which fails on a busy host and hangs the boot without a word.
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (double) time.tv_sec * 1e3 + (double) time.tv_nsec / 1e6;
}

int main(void) {
    double begin = now(), end;
    unsigned long long first = __rdtsc();
    do {
        end = now();
    } while (end - begin < 100);
    printf("%.0f\n", (double) (__rdtsc() - first) / (end - begin));
    return 0;
}
