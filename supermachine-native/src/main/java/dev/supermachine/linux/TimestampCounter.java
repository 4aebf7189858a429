package dev.supermachine.linux;

import com.sun.jna.Function;
import com.sun.jna.LastErrorException;
import com.sun.jna.Pointer;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The frequency of the processor's time stamp counter, which no file of Linux tells: {@code cpu MHz} in {@code /proc/cpuinfo} is the frequency of the moment.
 * It is measured against {@link System#nanoTime()} by a few instructions of machine code. Thread-safe.
 *
 * @since 0.1
 */
public final class TimestampCounter {

    /** {@code lfence; rdtsc; shl rdx, 32; or rax, rdx; ret}. */
    private static final byte[] READ_TSC = {
        0x0f,
        (byte) 0xae,
        (byte) 0xe8,
        0x0f,
        0x31,
        0x48,
        (byte) 0xc1,
        (byte) 0xe2,
        0x20,
        0x48,
        0x09,
        (byte) 0xd0,
        (byte) 0xc3
    };

    private static final int PAGE = 4096;
    private static final int SAMPLES = 50;
    private static final long SPAN_NANOS = 50_000_000;

    private TimestampCounter() {}

    /**
     * Measures for about 50 ms. The result is right to a few parts in 100,000.
     *
     * @return kHz, or empty where the system refuses executable memory
     */
    public static OptionalLong measureKhz() {
        long code;
        try {
            code = Libc.mmap(0, PAGE, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        } catch (LastErrorException e) {
            return OptionalLong.empty();
        }
        try {
            new Pointer(code).write(0, READ_TSC, 0, READ_TSC.length);
            Libc.mprotect(code, PAGE, Libc.PROT_READ | Libc.PROT_EXEC);
            return OptionalLong.of(measure(Function.getFunction(new Pointer(code))));
        } catch (LastErrorException e) {
            return OptionalLong.empty();
        } finally {
            Libc.munmap(code, PAGE);
        }
    }

    private static long measure(Function readTsc) {
        Sample first = sample(readTsc);
        long until = System.nanoTime() + SPAN_NANOS;
        for (long left = SPAN_NANOS; left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        Sample last = sample(readTsc);
        return Math.round((last.ticks - first.ticks) * 1e6 / (last.nanos - first.nanos));
    }

    /** Of many tries the one that was interrupted least. */
    private static Sample sample(Function readTsc) {
        Sample best = new Sample(0, 0, Long.MAX_VALUE);
        for (int i = 0; i < SAMPLES; i++) {
            long before = System.nanoTime();
            long ticks = readTsc.invokeLong(new Object[0]);
            long after = System.nanoTime();
            if (after - before < best.width) {
                best = new Sample(before + (after - before) / 2, ticks, after - before);
            }
        }
        return best;
    }

    private record Sample(long nanos, long ticks, long width) {}
}
