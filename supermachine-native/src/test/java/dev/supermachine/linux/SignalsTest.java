package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.LastErrorException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SignalsTest {

    /** pause(2) waits for nothing but a signal. */
    private static final long SYS_PAUSE = 34;

    @Test
    void interruptsAWaitingSystemCall() throws Exception {
        CompletableFuture<Integer> id = new CompletableFuture<>();
        CompletableFuture<Integer> errno = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            id.complete(Signals.receiveHere());
            try {
                Libc.syscall(SYS_PAUSE, 0, 0, 0, 0);
                errno.complete(0);
            } catch (LastErrorException e) {
                errno.complete(e.getErrorCode());
            }
        });
        thread.setDaemon(true);
        thread.start();
        // The first may come before the thread waits.
        while (true) {
            Signals.interrupt(id.get());
            try {
                assertThat(errno.get(10, TimeUnit.MILLISECONDS)).isEqualTo(Errno.EINTR);
                break;
            } catch (TimeoutException e) {
                assertThat(thread.isAlive()).isTrue();
            }
        }
        thread.join();
        // A thread that has ended is no failure.
        Signals.interrupt(id.get());
    }
}
