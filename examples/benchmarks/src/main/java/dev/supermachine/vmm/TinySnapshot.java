package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.kvm.Kvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A tiny guest before its first instruction: a file with its memory, and the state of its vCPU, from which machines begin. To be closed after those. Thread-safe.
 *
 * @since 0.1
 */
public final class TinySnapshot implements AutoCloseable {

    private static final int TSC_DEADLINE = 1 << 24;

    private final TinyGuest guest;
    private final Kvm kvm;
    private final PageSource source;
    private final List<CpuidEntry> cpuid;
    private final CoreState state;

    private TinySnapshot(TinyGuest guest, Kvm kvm, PageSource source) {
        this.guest = guest;
        this.kvm = kvm;
        this.source = source;
        cpuid = kvm.supportedCpuid().stream()
                .map(entry -> entry.function() == 1
                        ? entry.with(entry.eax(), entry.ebx(), entry.ecx() | TSC_DEADLINE, entry.edx())
                        : entry)
                .toList();
        try (VmCore core = core()) {
            core.start(new Bus(), new Bus(), end -> {});
            core.boot(TinyGuest.ENTRY, 0);
            state = core.capture();
        }
    }

    /**
     * Takes one.
     *
     * @param guest the guest
     * @param file what {@link TinyGuest#write} wrote
     * @return it, open
     * @throws IOException if the file cannot be read
     * @throws dev.supermachine.linux.LinuxException if KVM refuses
     */
    public static TinySnapshot take(TinyGuest guest, Path file) throws IOException {
        PageSource source = PageSource.open(file);
        Kvm kvm = null;
        try {
            kvm = Kvm.open();
            return new TinySnapshot(guest, kvm, source);
        } catch (RuntimeException e) {
            if (kvm != null) {
                Closing.closeAfter(e, kvm);
            }
            Closing.closeAfter(e, source);
            throw e;
        }
    }

    /** A machine that was not started. */
    VmCore core() {
        return VmCore.create(kvm, "tiny", GuestRam.of(source), List.of(cpuid));
    }

    CoreState state() {
        return state;
    }

    TinyGuest guest() {
        return guest;
    }

    @Override
    public void close() {
        source.close();
        kvm.close();
    }
}
