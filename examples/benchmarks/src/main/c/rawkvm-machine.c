// A machine: its making, its vCPU's thread and its reset in place.

#include "rawkvm.h"

enum {
    BEGIN_PORT = 0x10,
    END_PORT = 0x11,
    COPY_BACK_PAGES = 16384,
    REGIONS = 2048,
};

// linux/fs.h, which older headers lack.
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};
struct region {
    uint64_t start, end, categories;
};
#define PAGEMAP_SCAN_REQUEST 0xC0606610UL

struct scanner {
    struct scan argument;
    struct region regions[REGIONS];
};

static int pagemap = -1, run_size;

void *map(size_t length, int protection, int flags, int fd) {
    void *at = mmap(NULL, length, protection, flags, fd, 0);
    if (at == MAP_FAILED || madvise(at, length, MADV_DONTDUMP) != 0 || madvise(at, length, MADV_DONTFORK) != 0) fail("mmap");
    return at;
}

// --- The vCPU's thread ---

static bool attend(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    if (machine->wanted == PAUSE) {
        machine->paused = true;
        pthread_cond_broadcast(&machine->changed);
        while (machine->wanted == PAUSE) pthread_cond_wait(&machine->changed, &machine->lock);
        machine->paused = false;
    }
    bool on = machine->wanted != STOP;
    pthread_mutex_unlock(&machine->lock);
    return on;
}

static void tell(struct machine *machine, bool *event) {
    pthread_mutex_lock(&machine->lock);
    *event = true;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
}

static void handle(struct machine *machine) {
    struct kvm_run *run = machine->run;
    if (run->exit_reason == KVM_EXIT_MMIO && machine->devices != NULL) {
        handle_memory(machine->devices, run);
        return;
    }
    if (run->exit_reason != KVM_EXIT_IO) {
        fprintf(stderr, "rawkvm: exit reason %u\n", run->exit_reason);
        exit(1);
    }
    if (run->io.port == BEGIN_PORT) {
        machine->begin = now();
        if (machine->devices != NULL) tell(machine, &machine->begun);
    } else if (run->io.port == END_PORT) {
        machine->end = now();
        tell(machine, &machine->finished);
    }
}

static void run_vcpu(struct machine *machine) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    machine->id = (pid_t)syscall(SYS_gettid);
    while (true) {
        machine->inside = true;
        int result = ioctl(machine->vcpu, KVM_RUN, 0);
        machine->inside = false;
        if (result == 0) {
            handle(machine);
        } else if (errno != EINTR && errno != EAGAIN) {
            fail("KVM_RUN");
        } else if (!attend(machine)) {
            break;
        }
    }
    tell(machine, &machine->stopped);
}

// --- Threads, which wait for the next machine once theirs has stopped ---

struct worker {
    pthread_cond_t given;
    struct machine *machine;
    struct worker *next;
};

static pthread_mutex_t workers = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct worker *idle;

static void *work(void *argument) {
    struct worker *self = argument;
    pthread_mutex_lock(&workers);
    while (true) {
        while (self->machine == NULL) pthread_cond_wait(&self->given, &workers);
        pthread_mutex_unlock(&workers);
        run_vcpu(self->machine);
        pthread_mutex_lock(&workers);
        self->machine->worker = NULL;
        self->machine = NULL;
        self->next = idle;
        idle = self;
        pthread_cond_broadcast(&left);
    }
    return NULL;
}

static void start(struct machine *machine) {
    pthread_mutex_lock(&workers);
    struct worker *worker = idle;
    if (worker != NULL) {
        idle = worker->next;
        worker->machine = machine;
        pthread_cond_signal(&worker->given);
    } else {
        pthread_t thread;
        worker = calloc(1, sizeof *worker);
        pthread_cond_init(&worker->given, NULL);
        worker->machine = machine;
        if (pthread_create(&thread, NULL, work, worker) != 0 || pthread_detach(thread) != 0) fail("pthread_create");
    }
    machine->worker = worker;
    pthread_mutex_unlock(&workers);
}

/// Waits until the thread has nothing to do with the machine any more.
static void await_left(struct machine *machine) {
    pthread_mutex_lock(&workers);
    while (machine->worker != NULL) pthread_cond_wait(&left, &workers);
    pthread_mutex_unlock(&workers);
}

// --- Commands to it ---

static void kick(struct machine *machine) {
    machine->run->immediate_exit = 1;
    if (machine->inside) syscall(SYS_tgkill, getpid(), machine->id, SIGNAL);
}

/// Waits, with the lock held; sends a signal that went astray again.
static void await(struct machine *machine, const bool *condition, bool kicking) {
    while (!*condition) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 10000000;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        if (pthread_cond_timedwait(&machine->changed, &machine->lock, &until) == ETIMEDOUT && kicking) kick(machine);
    }
}

static void await_paused(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    await(machine, &machine->paused, true);
    pthread_mutex_unlock(&machine->lock);
}

void pause_machine(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    machine->wanted = PAUSE;
    kick(machine);
    pthread_mutex_unlock(&machine->lock);
    await_paused(machine);
}

void resume(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    machine->wanted = RUN;
    machine->run->immediate_exit = 0;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
}

// --- A machine ---

/// What is asked once for all machines.
static void know(void) {
    static const int required[] = {
        KVM_CAP_USER_MEMORY, KVM_CAP_EXT_CPUID, KVM_CAP_MP_STATE,    KVM_CAP_ADJUST_CLOCK, KVM_CAP_VCPU_EVENTS,   KVM_CAP_DEBUGREGS,
        KVM_CAP_XSAVE,       KVM_CAP_XCRS,      KVM_CAP_GET_TSC_KHZ, KVM_CAP_SIGNAL_MSI,   KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_IMMEDIATE_EXIT};
    if (pagemap >= 0) return;
    pagemap = checked(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "/proc/self/pagemap");
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (DO(kvm, KVM_CHECK_EXTENSION, required[i]) == 0) fail("a capability is lacking");
    }
    run_size = DO(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
}

void create(struct machine *machine) {
    memset(machine, 0, sizeof *machine);
    machine->ram = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, snapshot);
    know();
    machine->vm = DO(kvm, KVM_CREATE_VM, 0);
    machine->xsave_size = DO(machine->vm, KVM_CHECK_EXTENSION, 208 /* KVM_CAP_XSAVE2 */);
    if (machine->xsave_size < PAGE) machine->xsave_size = PAGE;
    struct kvm_userspace_memory_region region = {.memory_size = size, .userspace_addr = (uintptr_t)machine->ram};
    DO(machine->vm, KVM_SET_USER_MEMORY_REGION, &region);
    uint64_t identity = 0xfffbc000;
    DO(machine->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
    DO(machine->vm, KVM_SET_TSS_ADDR, 0xfffbd000UL);
    struct kvm_enable_cap enable = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {24}};
    DO(machine->vm, KVM_ENABLE_CAP, &enable);
    machine->vcpu = DO(machine->vm, KVM_CREATE_VCPU, 0UL);
    machine->run = map((size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu);
    DO(machine->vcpu, KVM_SET_CPUID2, cpuid);
    DO(machine->vcpu, KVM_GET_TSC_KHZ, 0);
    pthread_mutex_init(&machine->lock, NULL);
    pthread_cond_init(&machine->changed, NULL);
    machine->wanted = PAUSE;
    machine->run->immediate_exit = 1;
    start(machine);
    await_paused(machine);
}

void destroy(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    machine->wanted = STOP;
    pthread_cond_broadcast(&machine->changed);
    kick(machine);
    await(machine, &machine->stopped, true);
    pthread_mutex_unlock(&machine->lock);
    await_left(machine);
    munmap(machine->run, (size_t)run_size);
    close(machine->vcpu);
    close(machine->vm);
    free(machine->scanner);
    munmap(machine->ram, size);
}

void reset(struct machine *machine) {
    static struct region found[COPY_BACK_PAGES + 1];
    size_t runs = 0;
    uint64_t pages = 0, start = (uintptr_t)machine->ram, end = start + size;
    if (machine->scanner == NULL) machine->scanner = calloc(1, sizeof *machine->scanner);
    struct scanner *scanner = machine->scanner;
    while (start < end && pages < COPY_BACK_PAGES + 1) {
        // Not of a file, and present or swapped out.
        scanner->argument = (struct scan){.size = sizeof(struct scan), .start = start, .end = end, .vec = (uintptr_t)scanner->regions, .vec_len = REGIONS,
                                          .max_pages = COPY_BACK_PAGES + 1 - pages, .inverted = 1 << 2, .mask = 1 << 2, .anyof = 3 << 3, .returned = 1 << 2};
        int count = DO(pagemap, PAGEMAP_SCAN_REQUEST, scanner);
        for (int i = 0; i < count; i++) {
            found[runs++] = scanner->regions[i];
            pages += (scanner->regions[i].end - scanner->regions[i].start) / PAGE;
        }
        start = scanner->argument.walk_end;
    }
    if (pages > COPY_BACK_PAGES) {
        if (madvise(machine->ram, size, MADV_DONTNEED) != 0) fail("madvise");
    } else {
        for (size_t i = 0; i < runs; i++) {
            size_t at = found[i].start - (uintptr_t)machine->ram;
            memcpy(machine->ram + at, source + at, found[i].end - found[i].start);
        }
    }
    restore(machine);
}

static void await_event(struct machine *machine, bool *event) {
    pthread_mutex_lock(&machine->lock);
    await(machine, event, false);
    *event = false;
    pthread_mutex_unlock(&machine->lock);
}

void await_begin(struct machine *machine) { await_event(machine, &machine->begun); }

long long finish(struct machine *machine) {
    await_event(machine, &machine->finished);
    machine->begun = false;
    return machine->begin;
}

long long run_on(struct machine *machine) {
    resume(machine);
    return finish(machine);
}
