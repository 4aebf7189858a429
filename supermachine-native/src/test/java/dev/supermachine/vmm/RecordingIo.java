package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A region that keeps what a guest writes and answers what it was told to. */
final class RecordingIo implements IoRegion {

    /** One write. */
    record Write(long offset, int size, long value) {}

    private final BlockingQueue<Write> writes = new LinkedBlockingQueue<>();
    private final Map<Long, Long> answers = new ConcurrentHashMap<>();

    /** What is read there from now on; all ones otherwise. */
    RecordingIo answer(long offset, long value) {
        answers.put(offset, value);
        return this;
    }

    /** The next write, which is waited for. */
    Write next() throws InterruptedException {
        Write write = writes.poll(60, TimeUnit.SECONDS);
        assertThat(write).as("a write of the guest").isNotNull();
        return write;
    }

    /** Whether there is none that was not taken. */
    boolean isEmpty() {
        return writes.isEmpty();
    }

    @Override
    public long read(long offset, int size) {
        return answers.getOrDefault(offset, -1L);
    }

    @Override
    public void write(long offset, int size, long value) {
        writes.add(new Write(offset, size, value));
    }
}
