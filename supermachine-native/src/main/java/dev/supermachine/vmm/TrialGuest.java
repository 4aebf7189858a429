package dev.supermachine.vmm;

import dev.supermachine.kvm.KvmException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A guest that counts down in 32-bit mode and says so at its begin and its end. A processor, even one that is emulated itself, is done in a moment; a KVM that
 * interprets instructions one by one takes a minute.
 *
 * @since 0.1
 */
public final class TrialGuest {

    /** How many instructions it executes. */
    public static final int INSTRUCTIONS = 40_000_000;

    private static final long MEMORY = 1 << 20;
    private static final long CODE = 0x1000;
    private static final int PORT = 0x80;

    private TrialGuest() {}

    /**
     * Runs it.
     *
     * @param budget how long it may take from its first instruction to its last
     * @return the nanoseconds that it took; empty if it was ended at the end of its time
     * @throws dev.supermachine.linux.LinuxException if it cannot be run
     * @throws KvmException if it could not run on; the message says why
     */
    public static OptionalLong run(Duration budget) {
        ByteBuffer code = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        code.put((byte) 0xE6).put((byte) PORT); // out PORT, al
        code.put((byte) 0xB9).putInt(INSTRUCTIONS / 2); // mov ecx, half of them
        code.put((byte) 0x49).put((byte) 0x75).put((byte) 0xFD); // dec ecx; jnz back to it
        code.put((byte) 0xE6).put((byte) PORT); // out PORT, al
        code.put((byte) 0xF4).flip(); // hlt
        KvmHost host = KvmHost.instance();
        Port port = new Port();
        try (VmCore core = VmCore.create(host.kvm(), "trial", GuestRam.zeros(MEMORY), host.cpuid(1))) {
            core.memory().write(CODE, code);
            core.start(new Bus().add(PORT, 1, port), new Bus(), port::failed);
            core.boot(CODE, 0);
            core.resume();
            return port.await(budget);
        }
    }

    /** Called first when the guest begins, then when it ends. */
    private static final class Port implements IoRegion {

        private final CountDownLatch started = new CountDownLatch(1);
        private final CountDownLatch finished = new CountDownLatch(1);
        private volatile long begin;
        private volatile long end;
        private volatile @Nullable MachineEnd failure;

        void failed(MachineEnd failure) {
            this.failure = failure;
            started.countDown();
            finished.countDown();
        }

        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (started.getCount() > 0) {
                begin = System.nanoTime();
                started.countDown();
            } else {
                end = System.nanoTime();
                finished.countDown();
            }
        }

        OptionalLong await(Duration budget) {
            try {
                boolean done = started.await(budget.toNanos(), TimeUnit.NANOSECONDS)
                        && finished.await(budget.toNanos(), TimeUnit.NANOSECONDS);
                MachineEnd ended = failure;
                if (ended != null) {
                    throw new KvmException("The trial guest came to a bad end: " + ended.reason());
                }
                return done ? OptionalLong.of(end - begin) : OptionalLong.empty();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return OptionalLong.empty();
            }
        }
    }
}
