// A vCPU's state: captured once, set at each restore.

#include "rawkvm.h"

enum {
    ENTRY = 0x1000,
    MSRS_MOST = 1024,
    TSC = 0x10,
    TSC_DEADLINE = 0x6e0,
};

struct msrs {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[MSRS_MOST];
};

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

// A register that is refused is looked at once and left out from then on, as ours does.
static void write_msrs(int vcpu, struct msrs *registers) {
    uint32_t written = (uint32_t)DO(vcpu, KVM_SET_MSRS, registers);
    while (written < registers->head.nmsrs) {
        struct kvm_msr_entry *refused = registers->head.entries + written;
        if (read_msr(vcpu, refused->index) != refused->data) fail("a register is not set");
        uint32_t left = --registers->head.nmsrs - written;
        memmove(refused, refused + 1, left * sizeof *refused);
        if (left > 0) {
            static struct msrs tail;
            tail.head.nmsrs = left;
            memcpy(tail.head.entries, refused, left * sizeof *refused);
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

static bool tsc_offset(int vcpu, uint64_t *offset, bool set) {
    struct kvm_device_attr attribute = {.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)offset};
    if (set) {
        DO(vcpu, KVM_SET_DEVICE_ATTR, &attribute);
    } else {
        return ioctl(vcpu, KVM_GET_DEVICE_ATTR, &attribute) >= 0;
    }
    return true;
}

void restore(struct machine *machine) {
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

// --- The state to begin with, by BootRegisters ---

static struct kvm_segment segment(uint16_t selector, uint8_t type, uint32_t limit, uint8_t code_or_data) {
    return (struct kvm_segment){.limit = limit, .selector = selector, .type = type, .present = 1, .db = code_or_data, .s = code_or_data, .g = code_or_data};
}

void capture(void) {
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
