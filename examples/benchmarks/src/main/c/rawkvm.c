// The other side of the kvm rows: a machine of KVM without a library around it, made by the same calls of the kernel in the same order, with the same
// memory operations and, like ours, with a thread for its vCPU that hands over to the thread that commands it, and then waits for the next vCPU.
//
//   rawkvm SNAPSHOT [DISK]
//
// SNAPSHOT is a file with the guest's memory, whose code begins at 4096 and, on every run, writes port 0x10, then does its work, writes port 0x11 and
// halts. With DISK, a file, its one machine has a disk and a console. It obeys lines of its standard input, each answered by one line:
//
//   create        a new machine, to its first exit             -> NANOSECONDS
//   pooled        the same without its making                  -> NANOSECONDS
//   reset         one machine, brought back, to its next exit  -> NANOSECONDS
//   pause         that machine, halted, until it stands        -> NANOSECONDS
//   work          from the one port to the other               -> NANOSECONDS
//   to-host N     N bytes through the console, from begin      -> NANOSECONDS
//   to-guest N    N bytes the other way, from the first        -> NANOSECONDS
//   density N     N machines: restored, and after their work   -> KIB KIB of this process's PSS in all, over that before
//
// After each but the last two the guest runs on to its halt, out of the time.

#include "rawkvm.h"

enum { MACHINES_MOST = 64, PIECE = 64 << 10 };

int kvm, snapshot;
struct cpuid *cpuid;
uint8_t *source;
size_t size;

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

static void begin_anew(struct machine *machine) {
    pause_machine(machine);
    reset(machine);
    resume(machine);
    await_begin(machine);
}

/// From the guest's begin until all bytes are here.
static long long to_host(struct machine *machine, int bytes) {
    static uint8_t piece[PIECE];
    begin_anew(machine);
    for (size_t left = (size_t)bytes; left > 0;) left -= read_agent(machine->devices, piece, left < PIECE ? left : PIECE);
    long long end = now();
    return end - finish(machine);
}

/// From the first byte until the guest has all.
static long long to_guest(struct machine *machine, int bytes) {
    static uint8_t piece[PIECE];
    begin_anew(machine);
    long long start = now();
    for (int sent = 0; sent < bytes; sent += PIECE) write_agent(machine->devices, piece, PIECE);
    finish(machine);
    return machine->end - start;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) {
        fputs("usage: rawkvm SNAPSHOT [DISK]\n", stderr);
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
        static const char *const of_kept[] = {"reset\n", "pause\n", "work\n", "to-host ", "to-guest "};
        for (size_t i = 0; !have && i < sizeof of_kept / sizeof *of_kept; i++) {
            if (strncmp(line, of_kept[i], strlen(of_kept[i])) == 0) {
                create(&kept);
                if (argc == 3) kept.devices = make_devices(argv[2], kept.ram);
                restore(&kept);
                have = true;
                if (line[0] != 't') run_on(&kept);
            }
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
        } else if (sscanf(line, "to-host %d", &count) == 1) {
            printf("%lld\n", to_host(&kept, count));
        } else if (sscanf(line, "to-guest %d", &count) == 1) {
            printf("%lld\n", to_guest(&kept, count));
        } else if (sscanf(line, "density %d", &count) == 1 && count > 0 && count <= MACHINES_MOST) {
            density(count);
        } else {
            fail("no such command");
        }
        fflush(stdout);
    }
    return 0;
}
