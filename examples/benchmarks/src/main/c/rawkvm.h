// What the parts of rawkvm share; rawkvm.c says what it is.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    CPUID_ENTRIES = 256,
    SIGNAL = 42,
    RING_BYTES = 256 << 10,
};

struct cpuid {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
};

enum wanted { RUN, PAUSE, STOP };

struct devices;
struct scanner;
struct worker;

struct machine {
    uint8_t *ram;
    int pagemap, vm, vcpu;
    struct scanner *scanner;
    struct kvm_run *run;
    int run_size, xsave_size;
    struct worker *worker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum wanted wanted;
    bool paused, stopped;
    pid_t id;
    volatile bool inside;
    long long begin, end;
    bool begun, finished;
    struct devices *devices; // NULL without
};

// All machines': KVM, its processor, the snapshot's file, a mapping of it, and its size.
extern int kvm, snapshot;
extern struct cpuid *cpuid;
extern uint8_t *source;
extern size_t size;

static inline __attribute__((noreturn)) void fail(const char *what) {
    fprintf(stderr, "rawkvm: %s (errno: %s)\n", what, strerror(errno));
    exit(1);
}

static inline long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static inline int checked(int result, const char *what) {
    if (result < 0) fail(what);
    return result;
}
#define DO(fd, request, argument) checked(ioctl(fd, request, argument), #request)

void *map(size_t length, int protection, int flags, int fd);

// --- rawkvm-machine.c ---

/// A machine whose vCPU is paused, as after power-on.
void create(struct machine *machine);
void destroy(struct machine *machine);
void pause_machine(struct machine *machine);
void resume(struct machine *machine);
/// Memory and state as in the snapshot.
void reset(struct machine *machine);
/// Waits until the guest begins; only with devices.
void await_begin(struct machine *machine);
/// Waits until the guest's work is done; returns when it came out first.
long long finish(struct machine *machine);
/// To the guest's halt; returns when it came out first.
long long run_on(struct machine *machine);

// --- rawkvm-state.c ---

/// The state that all machines begin with.
void capture(void);
/// Puts a paused machine into it.
void restore(struct machine *machine);

// --- rawkvm-devices.c: a disk and a console with the agent's port, as far as a tiny guest drives them ---

struct devices *make_devices(const char *disk, uint8_t *ram);
/// Does a guest's access to memory that is not there.
void handle_memory(struct devices *devices, struct kvm_run *run);
/// Waits for bytes of the guest, and takes up to so many.
size_t read_agent(struct devices *devices, uint8_t *target, size_t most);
/// Hands bytes over, waiting while the guest does not take them.
void write_agent(struct devices *devices, const uint8_t *bytes, size_t length);
