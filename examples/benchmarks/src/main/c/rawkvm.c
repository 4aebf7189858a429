// The other side of the kvm rows: a machine of KVM without a library around it, made by the same calls of the kernel in the same order, with the same
// memory operations and, like ours, with a thread for its vCPU that hands over to the thread that commands it.
//
//   rawkvm SNAPSHOT
//
// SNAPSHOT is a file with the guest's memory, whose code begins at 4096 and, on every run, writes port 0x10, then does its work, writes port 0x11 and
// halts. It obeys lines of its standard input, each answered by one line:
//
//   create        a new machine, to its first exit             -> NANOSECONDS
//   pooled        the same without its making                  -> NANOSECONDS
//   reset         one machine, brought back, to its next exit  -> NANOSECONDS
//   pause         that machine, halted, until it stands        -> NANOSECONDS
//   work          from the one port to the other               -> NANOSECONDS
//   density N     N machines: restored, and after their work   -> KIB KIB of this process's PSS in all, over that before
//
// After each but the last two the guest runs on to its halt, out of the time.

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
    ENTRY = 0x1000,
    BEGIN_PORT = 0x10,
    END_PORT = 0x11,
    COPY_BACK_PAGES = 16384,
    REGIONS = 2048,
    CPUID_ENTRIES = 256,
    MSRS_MOST = 1024,
    MACHINES_MOST = 64,
    SIGNAL = 42,
    TSC = 0x10,
    TSC_DEADLINE = 0x6e0,
};

// linux/fs.h, which older headers lack.
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};
struct region {
    uint64_t start, end, categories;
};
#define PAGEMAP_SCAN_REQUEST 0xC0606610UL

struct msrs {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[MSRS_MOST];
};
struct cpuid {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
};
struct scanner {
    struct scan argument;
    struct region regions[REGIONS];
};

enum wanted { RUN, PAUSE, STOP };

struct machine {
    uint8_t *ram;
    int pagemap, vm, vcpu;
    struct scanner *scanner;
    struct kvm_run *run;
    int run_size, xsave_size;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum wanted wanted;
    bool paused, stopped;
    pid_t id;
    volatile bool inside;
    long long begin, end;
    bool finished;
};

static int kvm, snapshot;
static uint8_t *source;
static size_t size;
static struct cpuid *cpuid;

// The state that all machines begin with.
static struct kvm_mp_state mp_state;
static struct kvm_regs regs;
static struct kvm_sregs sregs;
static uint8_t *xsave;
static struct kvm_xcrs xcrs;
static struct kvm_debugregs debugregs;
static struct kvm_lapic_state lapic;
static struct kvm_vcpu_events events;
static struct msrs msrs, deadline;
static uint64_t tsc;
static struct kvm_clock_data machine_clock;

static __attribute__((noreturn)) void fail(const char *what) {
    fprintf(stderr, "rawkvm: %s (errno: %s)\n", what, strerror(errno));
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

#define DO(fd, request, argument) checked(ioctl(fd, request, argument), #request)
static int checked(int result, const char *what) {
    if (result < 0) fail(what);
    return result;
}

static void *map(size_t length, int protection, int flags, int fd) {
    void *at = mmap(NULL, length, protection, flags, fd, 0);
    if (at == MAP_FAILED || madvise(at, length, MADV_DONTDUMP) != 0 || madvise(at, length, MADV_DONTFORK) != 0) fail("mmap");
    return at;
}

// --- Model-specific registers, of which some are refused ---

static void read_msrs(int vcpu, const uint32_t *indices, uint32_t count, struct msrs *result) {
    static struct msrs block;
    result->head.nmsrs = 0;
    uint32_t next = 0;
    while (next < count) {
        block.head.nmsrs = count - next;
        for (uint32_t i = 0; next + i < count; i++) block.head.entries[i] = (struct kvm_msr_entry){.index = indices[next + i]};
        int have = DO(vcpu, KVM_GET_MSRS, &block);
        for (int i = 0; i < have; i++) result->head.entries[result->head.nmsrs++] = block.head.entries[i];
        next += (uint32_t)have + 1;
    }
}

static uint64_t read_msr(int vcpu, uint32_t index) {
    struct msrs block = {.head.nmsrs = 1};
    block.head.entries[0] = (struct kvm_msr_entry){.index = index};
    if (DO(vcpu, KVM_GET_MSRS, &block) != 1) fail("a register is not told");
    return block.head.entries[0].data;
}

static void write_msrs(int vcpu, struct msrs *registers) {
    uint32_t count = registers->head.nmsrs;
    uint32_t written = (uint32_t)DO(vcpu, KVM_SET_MSRS, registers);
    while (written < count) {
        struct kvm_msr_entry refused = registers->head.entries[written];
        if (read_msr(vcpu, refused.index) != refused.data) fail("a register is not set");
        if (++written < count) {
            static struct msrs tail;
            tail.head.nmsrs = count - written;
            memcpy(tail.head.entries, registers->head.entries + written, (count - written) * sizeof(struct kvm_msr_entry));
            written += (uint32_t)DO(vcpu, KVM_SET_MSRS, &tail);
        }
    }
}

static uint32_t msr_indices(uint32_t *indices) {
    static const uint32_t ranges[][2] = {{0x200, 0x20f}, {0x250, 0x250}, {0x258, 0x259}, {0x268, 0x26f},          {0x277, 0x277},
                                         {0x2ff, 0x2ff}, {0x400, 0x47f}, {0xda0, 0xda0}, {0x4b564d00, 0x4b564d0f}};
    struct {
        struct kvm_msr_list head;
        uint32_t indices[MSRS_MOST];
    } list = {.head.nmsrs = 0};
    (void)ioctl(kvm, KVM_GET_MSR_INDEX_LIST, &list); // tells how many
    DO(kvm, KVM_GET_MSR_INDEX_LIST, &list);
    uint32_t count = list.head.nmsrs;
    memcpy(indices, list.head.indices, count * sizeof *indices);
    for (size_t range = 0; range < sizeof ranges / sizeof *ranges; range++) {
        for (uint32_t index = ranges[range][0]; index <= ranges[range][1]; index++) {
            uint32_t i = 0;
            while (i < count && indices[i] != index) i++;
            if (i == count) indices[count++] = index;
        }
    }
    return count;
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

static void handle(struct machine *machine) {
    struct kvm_run *run = machine->run;
    if (run->exit_reason != KVM_EXIT_IO) {
        fprintf(stderr, "rawkvm: exit reason %u\n", run->exit_reason);
        exit(1);
    }
    if (run->io.port == BEGIN_PORT) {
        machine->begin = now();
    } else if (run->io.port == END_PORT) {
        machine->end = now();
        pthread_mutex_lock(&machine->lock);
        machine->finished = true;
        pthread_cond_broadcast(&machine->changed);
        pthread_mutex_unlock(&machine->lock);
    }
}

static void *run_vcpu(void *argument) {
    struct machine *machine = argument;
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
    pthread_mutex_lock(&machine->lock);
    machine->stopped = true;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
    return NULL;
}

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

static void pause_machine(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    machine->wanted = PAUSE;
    kick(machine);
    pthread_mutex_unlock(&machine->lock);
    await_paused(machine);
}

static void resume(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    machine->wanted = RUN;
    machine->run->immediate_exit = 0;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
}

// --- A machine ---

static void create(struct machine *machine) {
    static const int required[] = {
        KVM_CAP_USER_MEMORY, KVM_CAP_EXT_CPUID, KVM_CAP_MP_STATE,    KVM_CAP_ADJUST_CLOCK, KVM_CAP_VCPU_EVENTS,   KVM_CAP_DEBUGREGS,
        KVM_CAP_XSAVE,       KVM_CAP_XCRS,      KVM_CAP_GET_TSC_KHZ, KVM_CAP_SIGNAL_MSI,   KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_IMMEDIATE_EXIT};
    memset(machine, 0, sizeof *machine);
    machine->ram = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, snapshot);
    machine->pagemap = checked(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "/proc/self/pagemap");
    machine->scanner = calloc(1, sizeof *machine->scanner);
    machine->scanner->argument = (struct scan){.size = sizeof(struct scan), .vec = (uintptr_t)machine->scanner->regions, .vec_len = REGIONS};
    DO(machine->pagemap, PAGEMAP_SCAN_REQUEST, machine->scanner);
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (DO(kvm, KVM_CHECK_EXTENSION, required[i]) == 0) fail("a capability is lacking");
    }
    machine->run_size = DO(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
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
    machine->run = map((size_t)machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu);
    DO(machine->vcpu, KVM_SET_CPUID2, cpuid);
    DO(machine->vcpu, KVM_GET_TSC_KHZ, 0);
    pthread_mutex_init(&machine->lock, NULL);
    pthread_cond_init(&machine->changed, NULL);
    machine->wanted = PAUSE;
    machine->run->immediate_exit = 1;
    if (pthread_create(&machine->thread, NULL, run_vcpu, machine) != 0) fail("pthread_create");
    await_paused(machine);
}

static void destroy(struct machine *machine) {
    pthread_mutex_lock(&machine->lock);
    machine->wanted = STOP;
    pthread_cond_broadcast(&machine->changed);
    kick(machine);
    await(machine, &machine->stopped, true);
    pthread_mutex_unlock(&machine->lock);
    pthread_join(machine->thread, NULL);
    munmap(machine->run, (size_t)machine->run_size);
    close(machine->vcpu);
    close(machine->vm);
    close(machine->pagemap);
    free(machine->scanner);
    munmap(machine->ram, size);
}

static bool tsc_offset(int vcpu, uint64_t *offset, bool set) {
    struct kvm_device_attr attribute = {.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)offset};
    if (set) {
        DO(vcpu, KVM_SET_DEVICE_ATTR, &attribute);
    } else {
        if (ioctl(vcpu, KVM_HAS_DEVICE_ATTR, &attribute) < 0) return false;
        DO(vcpu, KVM_GET_DEVICE_ATTR, &attribute);
    }
    return true;
}

static void restore(struct machine *machine) {
    int vcpu = machine->vcpu;
    DO(vcpu, KVM_SET_MP_STATE, &mp_state);
    DO(vcpu, KVM_SET_REGS, &regs);
    DO(vcpu, KVM_SET_SREGS, &sregs);
    DO(vcpu, KVM_SET_XSAVE, xsave);
    DO(vcpu, KVM_SET_XCRS, &xcrs);
    DO(vcpu, KVM_SET_DEBUGREGS, &debugregs);
    DO(vcpu, KVM_SET_LAPIC, &lapic);
    write_msrs(vcpu, &msrs);
    uint64_t offset;
    if (!tsc_offset(vcpu, &offset, false)) fail("KVM_VCPU_TSC_OFFSET is lacking");
    offset += tsc - read_msr(vcpu, TSC);
    tsc_offset(vcpu, &offset, true);
    if (deadline.head.nmsrs > 0) write_msrs(vcpu, &deadline);
    DO(vcpu, KVM_SET_VCPU_EVENTS, &events);
    if (ioctl(vcpu, KVM_KVMCLOCK_CTRL, 0) < 0 && errno != EINVAL) fail("KVM_KVMCLOCK_CTRL");
    struct kvm_clock_data set = {.clock = machine_clock.clock};
    DO(machine->vm, KVM_SET_CLOCK, &set);
}

static void reset(struct machine *machine) {
    static struct region found[COPY_BACK_PAGES + 1];
    size_t runs = 0;
    uint64_t pages = 0, start = (uintptr_t)machine->ram, end = start + size;
    struct scanner *scanner = machine->scanner;
    while (start < end && pages < COPY_BACK_PAGES + 1) {
        // Not of a file, and present or swapped out.
        scanner->argument = (struct scan){.size = sizeof(struct scan), .start = start, .end = end, .vec = (uintptr_t)scanner->regions, .vec_len = REGIONS,
                                          .max_pages = COPY_BACK_PAGES + 1 - pages, .inverted = 1 << 2, .mask = 1 << 2, .anyof = 3 << 3, .returned = 1 << 2};
        int count = DO(machine->pagemap, PAGEMAP_SCAN_REQUEST, scanner);
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

/// To the guest's halt; returns when it came out first.
static long long run_on(struct machine *machine) {
    resume(machine);
    pthread_mutex_lock(&machine->lock);
    await(machine, &machine->finished, false);
    machine->finished = false;
    pthread_mutex_unlock(&machine->lock);
    return machine->begin;
}

// --- The state to begin with, by BootRegisters ---

static struct kvm_segment segment(uint16_t selector, uint8_t type, uint32_t limit, uint8_t code_or_data) {
    return (struct kvm_segment){.limit = limit, .selector = selector, .type = type, .present = 1, .db = code_or_data, .s = code_or_data, .g = code_or_data};
}

static void capture(void) {
    static struct msrs all;
    static uint32_t indices[MSRS_MOST];
    struct machine machine;
    create(&machine);
    int vcpu = machine.vcpu;
    struct kvm_fpu fpu = {.fcw = 0x37f, .mxcsr = 0x1f80};
    DO(vcpu, KVM_SET_FPU, &fpu);
    struct msrs common = {.head.nmsrs = 2};
    common.head.entries[0] = (struct kvm_msr_entry){.index = 0x1a0, .data = 1};
    common.head.entries[1] = (struct kvm_msr_entry){.index = 0x2ff, .data = 0x806};
    write_msrs(vcpu, &common);
    DO(vcpu, KVM_GET_LAPIC, &lapic);
    memcpy(lapic.regs + 0x350, &(uint32_t){7 << 8}, 4);
    memcpy(lapic.regs + 0x360, &(uint32_t){4 << 8}, 4);
    DO(vcpu, KVM_SET_LAPIC, &lapic);
    DO(vcpu, KVM_GET_SREGS, &sregs);
    sregs.cs = segment(0x08, 0xb, 0xffffffff, 1);
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(0x10, 3, 0xffffffff, 1);
    sregs.tr = segment(0x18, 0xb, 0x67, 0);
    sregs.cr0 = 0x11;
    sregs.cr3 = sregs.cr4 = sregs.efer = 0;
    DO(vcpu, KVM_SET_SREGS, &sregs);
    regs = (struct kvm_regs){.rip = ENTRY, .rflags = 2};
    DO(vcpu, KVM_SET_REGS, &regs);

    DO(vcpu, KVM_GET_MP_STATE, &mp_state);
    DO(vcpu, KVM_GET_REGS, &regs);
    DO(vcpu, KVM_GET_SREGS, &sregs);
    xsave = calloc(1, (size_t)machine.xsave_size);
    DO(vcpu, machine.xsave_size > PAGE ? 0x9000aecfUL /* KVM_GET_XSAVE2 */ : KVM_GET_XSAVE, xsave);
    DO(vcpu, KVM_GET_XCRS, &xcrs);
    DO(vcpu, KVM_GET_DEBUGREGS, &debugregs);
    DO(vcpu, KVM_GET_LAPIC, &lapic);
    read_msrs(vcpu, indices, msr_indices(indices), &all);
    DO(vcpu, KVM_GET_VCPU_EVENTS, &events);
    tsc = read_msr(vcpu, TSC);
    DO(machine.vm, KVM_GET_CLOCK, &machine_clock);
    for (uint32_t i = 0; i < all.head.nmsrs; i++) {
        struct kvm_msr_entry entry = all.head.entries[i];
        struct msrs *into = entry.index == TSC_DEADLINE ? &deadline : &msrs;
        if (entry.index != TSC) into->head.entries[into->head.nmsrs++] = entry;
    }
    destroy(&machine);
}

// --- Commands ---

static long pss(void) {
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long kib = -1;
    while (file != NULL && kib < 0 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Pss: %ld", &kib) != 1) kib = -1;
    }
    if (kib < 0) fail("/proc/self/smaps_rollup");
    fclose(file);
    return kib;
}

static void density(int count) {
    static struct machine machines[MACHINES_MOST];
    long before = pss();
    for (int i = 0; i < count; i++) {
        create(&machines[i]);
        restore(&machines[i]);
    }
    long idle = pss();
    for (int i = 0; i < count; i++) run_on(&machines[i]);
    long touched = pss();
    for (int i = 0; i < count; i++) destroy(&machines[i]);
    printf("%ld %ld\n", idle - before, touched - before);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: rawkvm SNAPSHOT\n", stderr);
        return 2;
    }
    struct sigaction action = {.sa_handler = (void (*)(int))(void *)abs};
    sigaction(SIGNAL, &action, NULL);
    kvm = checked(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    snapshot = checked(open(argv[1], O_RDONLY | O_CLOEXEC), argv[1]);
    struct stat status;
    checked(fstat(snapshot, &status), "fstat");
    size = (size_t)status.st_size;
    source = map(size, PROT_READ, MAP_SHARED, snapshot);
    cpuid = calloc(1, sizeof *cpuid);
    cpuid->head.nent = CPUID_ENTRIES;
    DO(kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
    for (uint32_t i = 0; i < cpuid->head.nent; i++) {
        if (cpuid->head.entries[i].function == 1) cpuid->head.entries[i].ecx |= 1U << 24; // the local APIC's timer has deadlines
    }
    capture();

    struct machine kept, new;
    bool have = false;
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int count = 0;
        if (!have && (strcmp(line, "reset\n") == 0 || strcmp(line, "pause\n") == 0 || strcmp(line, "work\n") == 0)) {
            create(&kept);
            restore(&kept);
            run_on(&kept);
            have = true;
        }
        long long start = now();
        if (strcmp(line, "create\n") == 0) {
            create(&new);
            restore(&new);
            printf("%lld\n", run_on(&new) - start);
            destroy(&new);
        } else if (strcmp(line, "pooled\n") == 0) {
            create(&new);
            start = now();
            restore(&new);
            printf("%lld\n", run_on(&new) - start);
            destroy(&new);
        } else if (strcmp(line, "pause\n") == 0) {
            pause_machine(&kept);
            printf("%lld\n", now() - start);
            reset(&kept);
            run_on(&kept);
        } else if (strcmp(line, "reset\n") == 0) {
            pause_machine(&kept);
            start = now();
            reset(&kept);
            printf("%lld\n", run_on(&kept) - start);
        } else if (strcmp(line, "work\n") == 0) {
            pause_machine(&kept);
            reset(&kept);
            run_on(&kept);
            printf("%lld\n", kept.end - kept.begin);
        } else if (sscanf(line, "density %d", &count) == 1 && count > 0 && count <= MACHINES_MOST) {
            density(count);
        } else {
            fail("no such command");
        }
        fflush(stdout);
    }
    return 0;
}
