package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmLayout.KvmRegs;
import dev.supermachine.kvm.KvmRun;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VcpuStruct;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.NativeBlock;
import org.jspecify.annotations.Nullable;

/** What is done when a vCPU comes out: its I/O, or an end in words. For the vCPU's thread. */
final class VcpuExits {

    private final int id;
    private final VcpuFd fd;
    private final KvmRun run;
    private final IoRegion ports;
    private final IoRegion memory;

    /**
     * Handles the exits of one vCPU.
     *
     * @param id which, for messages
     * @param fd the vCPU
     * @param ports all ports, by their numbers
     * @param memory all that is not memory, by its guest-physical address
     */
    VcpuExits(int id, VcpuFd fd, IoRegion ports, IoRegion memory) {
        this.id = id;
        this.fd = fd;
        this.run = fd.run();
        this.ports = ports;
        this.memory = memory;
    }

    /**
     * Handles one.
     *
     * @return null if the vCPU is to be entered again; else why not
     */
    @Nullable
    MachineEnd handle() {
        return switch (run.exitReason()) {
            case KvmRun.EXIT_IO -> {
                handlePort();
                yield null;
            }
            case KvmRun.EXIT_MMIO -> {
                handleMemory();
                yield null;
            }
            case KvmRun.EXIT_INTR, KvmRun.EXIT_IOAPIC_EOI -> null;
            case KvmRun.EXIT_SHUTDOWN -> new MachineEnd("processor " + id + " met a triple fault" + where());
            case KvmRun.EXIT_SYSTEM_EVENT -> new MachineEnd("the guest asked for system event " + run.systemEvent());
            case KvmRun.EXIT_FAIL_ENTRY ->
                new MachineEnd("the host's processor refused the state of processor " + id + ", for reason 0x"
                        + Long.toHexString(run.failedEntryReason()) + where());
            case KvmRun.EXIT_INTERNAL_ERROR -> new MachineEnd(internalError());
            case KvmRun.EXIT_MEMORY_FAULT ->
                new MachineEnd("processor " + id + " touched memory that the host could not give" + where());
            default -> new MachineEnd("processor " + id + " ended for KVM's exit reason " + run.exitReason() + where());
        };
    }

    /**
     * Does some of what devices have left undone.
     *
     * @return whether there was something
     */
    boolean turn() {
        return memory.turn();
    }

    /** What an error of entering means. */
    MachineEnd failed(int errno) {
        LinuxException failure = new LinuxException("KVM_RUN", errno);
        return new MachineEnd("processor " + id + " cannot run, " + failure.getMessage() + where(), failure);
    }

    private void handlePort() {
        int port = run.ioPort();
        int size = run.ioSize();
        // A string instruction has many accesses to the same port.
        for (int access = 0; access < run.ioCount(); access++) {
            if (run.ioIsWrite()) {
                ports.write(port, size, run.ioData(access));
            } else {
                run.setIoData(access, ports.read(port, size));
            }
        }
    }

    private void handleMemory() {
        int size = run.mmioSize();
        // Of an access over the end of a page KVM makes two, of whatever sizes.
        int step = Integer.bitCount(size) == 1 ? size : 1;
        for (int offset = 0; offset < size; offset += step) {
            long address = run.mmioAddress() + offset;
            if (run.mmioIsWrite()) {
                memory.write(address, step, run.mmioData(offset, step));
            } else {
                run.setMmioData(offset, step, memory.read(address, step));
            }
        }
    }

    private String internalError() {
        long[] data = run.internalErrorData();
        StringBuilder text = new StringBuilder();
        if (run.internalError() == KvmRun.INTERNAL_ERROR_EMULATION) {
            text.append("KVM cannot emulate an instruction of processor ").append(id);
            if (data.length >= 3 && (data[0] & 1) != 0) {
                // linux/kvm.h, emulation_failure: flags, then a byte of the size, then the bytes.
                text.append(", its bytes");
                for (int i = 1; i <= (data[1] & 0xF); i++) {
                    long word = data[1 + i / Long.BYTES];
                    text.append(String.format(" %02x", (word >>> (8 * (i % Long.BYTES))) & 0xFF));
                }
            }
        } else {
            text.append("KVM met internal error ").append(run.internalError()).append(" on processor ");
            text.append(id);
            for (long word : data) {
                text.append(" 0x").append(Long.toHexString(word));
            }
        }
        return text.append(where()).toString();
    }

    private String where() {
        try {
            NativeBlock registers = new NativeBlock(KvmRegs.SIZEOF);
            fd.get(VcpuStruct.REGS, registers, 0);
            return " at 0x" + Long.toHexString(registers.bytes().getLong(KvmRegs.RIP));
        } catch (LinuxException e) {
            return " at an unknown place";
        }
    }
}
