package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A signal that does nothing but interrupt the system call a thread is in. Needs no native code of our own: the handler is libc's {@code abs}, which takes the
 * signal's number and changes nothing. Thread-safe.
 *
 * @since 0.1
 */
public final class Signals {

    /** glibc's {@code SIGRTMIN} is 34; below are those of POSIX and two that glibc keeps for itself. A few at the begin are the most used by others. */
    private static final int FIRST = 42;

    private static final int LAST = 64;

    /** {@code struct sigaction} of glibc: handler@0, mask@8, flags@136, restorer@144. Flags stay 0: without SA_RESTART. */
    private static final int SIGACTION_SIZE = 152;

    private static final long SIG_DFL = 0;

    private Signals() {}

    private static final class Handler {

        static final int SIGNAL = install();

        /** {@code sigset_t} of the kernel, with that signal. */
        static final NativeBlock SET = set();

        static final long PROCESS = ProcessHandle.current().pid();

        private static NativeBlock set() {
            NativeBlock set = new NativeBlock(Long.BYTES);
            set.bytes().putLong(0, 1L << (SIGNAL - 1));
            return set;
        }

        private static int install() {
            long handler = Pointer.nativeValue(NativeLibrary.getInstance("c").getFunction("abs"));
            byte[] action = new byte[SIGACTION_SIZE];
            ByteBuffer.wrap(action).order(ByteOrder.LITTLE_ENDIAN).putLong(0, handler);
            try {
                for (int signal = FIRST; signal <= LAST; signal++) {
                    byte[] present = new byte[SIGACTION_SIZE];
                    Libc.sigaction(signal, null, present);
                    if (ByteBuffer.wrap(present).order(ByteOrder.LITTLE_ENDIAN).getLong(0) == SIG_DFL) {
                        Libc.sigaction(signal, action, null);
                        return signal;
                    }
                }
            } catch (LastErrorException e) {
                throw LinuxException.of("sigaction", e);
            }
            throw new IllegalStateException(
                    "All signals from " + FIRST + " to " + LAST + " of this process have a handler, but one is needed");
        }
    }

    /**
     * Installs the handler, if that was not done yet, and lets the calling thread receive the signal, whatever mask it inherited.
     *
     * @return the thread's id, for {@link #interrupt}
     * @throws LinuxException if the kernel refuses
     */
    public static int receiveHere() {
        try {
            Libc.syscall(Libc.SYS_RT_SIGPROCMASK, Libc.SIG_UNBLOCK, Handler.SET.address(), 0, Long.BYTES);
            return (int) Libc.syscall(Libc.SYS_GETTID, 0, 0, 0, 0);
        } catch (LastErrorException e) {
            throw LinuxException.of("rt_sigprocmask", e);
        }
    }

    /**
     * Interrupts a thread of this process: the system call it waits in, if any, ends with EINTR. The caller sees to it that the thread lives.
     *
     * @param thread what {@link #receiveHere()} returned on it
     * @throws LinuxException if the kernel refuses
     */
    public static void interrupt(int thread) {
        try {
            Libc.syscall(Libc.SYS_TGKILL, Handler.PROCESS, thread, Handler.SIGNAL, 0);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != Errno.ESRCH) {
                throw LinuxException.of("tgkill", e);
            }
        }
    }
}
