package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads of the host that wait, and a guest that lets them. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AgentPortTest {

    private final GuardedMemory guarded = new GuardedMemory();
    private final Semaphore interrupts = new Semaphore(0);
    private final ConsoleDevice device = new ConsoleDevice(guarded.memory, interrupts::release, "name");
    private final AgentPort port = device.port();
    private final List<Thread> threads = new ArrayList<>();

    private LinuxConsole opened() {
        LinuxConsole linux = new LinuxConsole(new GuestDriver(guarded.memory, device)).probe();
        linux.open();
        return linux;
    }

    /** Something that must wait: returns when it does. */
    private <T> FutureTask<T> waiting(Callable<T> call) {
        FutureTask<T> task = start(call);
        Thread thread = threads.get(threads.size() - 1);
        await().until(() -> thread.getState() == Thread.State.WAITING);
        return task;
    }

    private <T> FutureTask<T> start(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread thread = new Thread(task, "host");
        threads.add(thread);
        thread.start();
        return task;
    }

    @Test
    void theNextRunsPortHasTheMemoryOfTheOneBeforeAndNothingOfItsBytes() throws Exception {
        LinuxConsole linux = opened();
        device.quiesce();
        port.writeNow(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        FutureTask<Integer> reader = waiting(() -> port.read(ByteBuffer.allocate(10)));
        FutureTask<Void> writer = waiting(() -> {
            port.write(ByteBuffer.allocate(AgentPort.CAPACITY));
            return null;
        });

        device.renewPort();

        AgentPort next = device.port();
        assertThat(next).isNotSameAs(port);
        assertThat(next.toGuest()).isSameAs(port.toGuest());
        assertThat(next.fromGuest()).isSameAs(port.fromGuest());
        assertThat(next.toGuest().count()).isZero();
        for (FutureTask<?> task : List.of(reader, writer)) {
            assertThatThrownBy(task::get)
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .hasMessage("The channel to the guest's agent is closed");
        }
        next.writeNow(ByteBuffer.wrap(new byte[] {4}));
        port.close();
        assertThatThrownBy(() -> port.writeNow(ByteBuffer.wrap(new byte[] {5})))
                .hasMessage("The channel to the guest's agent is closed");
        assertThatThrownBy(() -> port.readNow(ByteBuffer.allocate(1)))
                .hasMessage("The channel to the guest's agent is closed");
        assertThat(next.toGuest().count()).isEqualTo(1);
        device.unquiesce();
        linux.interrupted();
        assertThat(linux.takeReceived()).containsExactly(4);
    }

    @AfterEach
    void nobodyIsLeft() throws InterruptedException {
        device.close();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private FutureTask<Integer> reader(int length) {
        return waiting(() -> port.read(ByteBuffer.allocate(length)));
    }

    private FutureTask<Integer> writer(int length) {
        return waiting(() -> {
            port.write(ByteBuffer.allocate(length));
            return length;
        });
    }

    private static void failed(FutureTask<?> task, String message) {
        assertThatThrownBy(task::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IOException.class)
                .hasMessage(message);
    }

    @Test
    void aReaderWaitsForTheFirstByte() throws Exception {
        LinuxConsole linux = opened();
        FutureTask<Integer> reader = reader(100);
        linux.send(new byte[3]);
        assertThat(reader.get()).isEqualTo(3);
        linux.send(new byte[300]);
        assertThat(port.read(ByteBuffer.allocate(100))).isEqualTo(100);
        assertThat(port.read(ByteBuffer.allocate(0))).isZero();
        assertThat(port.read(ByteBuffer.allocate(300))).isEqualTo(200);
    }

    @Test
    void aWriterWaitsForRoom() throws Exception {
        LinuxConsole linux = opened();
        FutureTask<Integer> writer = writer(600_000);
        int received = 0;
        while (received < 600_000) {
            sleep();
            received += linux.takeReceived().length;
        }
        assertThat(writer.get()).isEqualTo(600_000);
        assertThat(linux.takeReceived()).isEmpty();
        port.write(ByteBuffer.allocate(0));
    }

    @Test
    void closingEndsBoth() {
        FutureTask<Integer> reader = reader(1);
        FutureTask<Integer> writer = writer(300_000);
        port.close();
        failed(reader, "The channel to the guest's agent is closed");
        failed(writer, "The channel to the guest's agent is closed");
    }

    @Test
    void theEndOfTheMachineEndsBoth() throws Exception {
        FutureTask<Integer> reader = reader(1);
        FutureTask<Integer> writer = writer(300_000);
        device.close();
        assertThat(reader.get()).isEqualTo(-1);
        failed(writer, "The machine has ended, and with it the channel to its agent");
    }

    @Test
    void aResetEndsTheWriterAndTheReaderGoesOnWaiting() throws Exception {
        LinuxConsole linux = opened();
        StateWriter out = new StateWriter();
        device.save(out);
        FutureTask<Integer> reader = reader(1);
        FutureTask<Integer> writer = writer(600_000);
        device.quiesce();
        device.restore(new StateReader(out.toBytes()));
        failed(writer, "The machine was reset while its agent was written to");
        device.unquiesce();
        assertThat(reader.isDone()).isFalse();
        linux.send(new byte[1]);
        assertThat(reader.get()).isEqualTo(1);
        port.write(ByteBuffer.allocate(10));
    }

    @Test
    void anInterruptEndsTheWaitAndIsKept() throws Exception {
        FutureTask<Boolean> reader = waiting(() -> {
            assertThatThrownBy(() -> port.read(ByteBuffer.allocate(1)))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage("Interrupted while waiting for the guest's agent");
            return Thread.currentThread().isInterrupted();
        });
        threads.get(0).interrupt();
        assertThat(reader.get()).isTrue();
    }

    /** Threads that wait, a guest without a plan, and a machine that is reset now and then: in the end all have ended. */
    @Test
    void nobodyWaitsForEverWhateverTheGuestDoes() throws Exception {
        long seed = Long.getLong("supermachine.test.seed", System.nanoTime());
        FutureTask<Integer> reader = start(() -> {
            ByteBuffer target = ByteBuffer.allocate(10_000);
            int last = 0;
            while (last >= 0) {
                last = port.read(target.clear());
            }
            return last;
        });
        AtomicInteger resets = new AtomicInteger();
        FutureTask<Integer> writer = start(() -> {
            ByteBuffer source = ByteBuffer.allocate(AgentPort.CAPACITY);
            while (true) {
                try {
                    port.write(source.clear());
                } catch (IOException e) {
                    if (!"The machine was reset while its agent was written to".equals(e.getMessage())) {
                        throw e;
                    }
                    resets.incrementAndGet();
                }
            }
        });
        ChaosGuest guest = new ChaosGuest(guarded.memory, device, 6, new Random(seed));
        StateWriter out = new StateWriter();
        device.save(out);
        for (int round = 0; round < 200; round++) {
            for (int i = 0; i < 200; i++) {
                guest.step();
            }
            device.quiesce();
            device.restore(new StateReader(out.toBytes()));
            device.unquiesce();
        }
        await().until(() -> {
            device.restore(new StateReader(out.toBytes()));
            return resets.get() > 0;
        });
        device.close();
        assertThat(reader.get()).as("seed %d", seed).isEqualTo(-1);
        failed(writer, "The machine has ended, and with it the channel to its agent");
        guarded.requireGuards();
    }

    /** A guest that sends back what it gets, on its own thread, against a host that reads and writes at once. */
    @Test
    void bytesArriveInOrderWhoeverIsFaster() throws Exception {
        LinuxConsole linux = opened();
        byte[] sent = new byte[5_000_000];
        new Random(1).nextBytes(sent);
        FutureTask<Integer> writer = start(() -> {
            ByteBuffer source = ByteBuffer.wrap(sent);
            for (int length = 1; source.hasRemaining(); length = length * 5 % 300_007 + 1) {
                port.write(source.limit(Math.min(source.position() + length, sent.length)));
                source.limit(sent.length);
            }
            return 0;
        });
        FutureTask<byte[]> reader = start(() -> {
            ByteBuffer target = ByteBuffer.allocate(sent.length);
            for (int length = 1; target.hasRemaining(); length = length * 3 % 200_003 + 1) {
                target.limit(Math.min(target.position() + length, sent.length));
                while (target.hasRemaining()) {
                    port.read(target);
                }
                target.limit(sent.length);
            }
            return target.array();
        });
        echo(linux, sent.length);
        assertThat(writer.get()).isZero();
        assertThat(reader.get()).isEqualTo(sent);
    }

    /** Sleeps until it is interrupted, so that it also shows when an interrupt is missing. */
    private void echo(LinuxConsole linux, int length) {
        long buffer = 0xC0000;
        int space = (int) (GuardedMemory.LOW_END - buffer) / linux.out.size;
        int unused = linux.out.size;
        int next = 0;
        for (int done = 0; done < length; ) {
            ByteBuffer received = ByteBuffer.wrap(linux.takeReceived());
            if (!received.hasRemaining()) {
                sleep();
            }
            while (received.hasRemaining()) {
                unused += linux.out.takeUsed().size();
                if (unused == 0) {
                    sleep();
                    continue;
                }
                int part = Math.min(space, received.remaining());
                long at = buffer + (long) next * space;
                linux.guest.memory.write(at, received.slice().limit(part));
                received.position(received.position() + part);
                linux.out.add(List.of(new GuestDriver.Buffer(at, part, false)));
                linux.out.kickIfWanted();
                next = (next + 1) % linux.out.size;
                unused--;
                done += part;
            }
        }
    }

    private void sleep() {
        interrupts.acquireUninterruptibly();
        interrupts.drainPermits();
    }
}
