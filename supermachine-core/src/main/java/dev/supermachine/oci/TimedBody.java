package dev.supermachine.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer as a stream whose reads end with an error after a time of silence. The timeout of a {@code java.net.http} request covers the headers
 * only: with the JDK's own stream a registry that stops in the middle of a layer would hold a pull for ever.
 */
final class TimedBody extends InputStream implements BodySubscriber<InputStream> {

    private sealed interface Signal {
        record Data(List<ByteBuffer> buffers) implements Signal {}

        record Failed(Throwable cause) implements Signal {}

        record Complete() implements Signal {}
    }

    private final Duration idle;
    private final Object lock = new Object();
    private final BlockingQueue<Signal> signals =
            new LinkedBlockingQueue<>(); // bounded by asking for one item at a time
    private List<ByteBuffer> current = List.of();
    private int next;
    private @Nullable Signal end;
    private Flow.@Nullable Subscription subscription; // guarded by lock
    private boolean cancelled; // guarded by lock

    TimedBody(Duration idle) {
        this.idle = idle;
    }

    @Override
    public CompletionStage<InputStream> getBody() {
        return CompletableFuture.completedStage(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription started) {
        boolean wanted;
        synchronized (lock) {
            wanted = !cancelled && subscription == null;
            if (wanted) {
                subscription = started;
            }
        }
        if (wanted) {
            started.request(1);
        } else {
            started.cancel();
        }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        signals.add(new Signal.Data(buffers));
    }

    @Override
    public void onError(Throwable cause) {
        signals.add(new Signal.Failed(cause));
    }

    @Override
    public void onComplete() {
        signals.add(new Signal.Complete());
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (true) {
            while (next < current.size()) {
                ByteBuffer buffer = current.get(next);
                if (buffer.hasRemaining()) {
                    int count = Math.min(length, buffer.remaining());
                    buffer.get(target, offset, count);
                    return count;
                }
                next++;
            }
            if (!advance()) {
                return -1;
            }
        }
    }

    private boolean advance() throws IOException {
        Signal signal = end == null ? receive() : end;
        if (signal instanceof Signal.Data data) {
            current = data.buffers();
            next = 0;
            requestMore();
            return true;
        }
        end = signal;
        if (signal instanceof Signal.Failed failed) {
            String message = failed.cause().getMessage();
            throw new IOException(message == null ? failed.cause().toString() : message, failed.cause());
        }
        return false;
    }

    private void requestMore() {
        Flow.Subscription started;
        synchronized (lock) {
            started = subscription;
        }
        if (started != null) {
            started.request(1);
        }
    }

    private Signal receive() throws IOException {
        try {
            Signal signal = signals.poll(idle.toMillis(), TimeUnit.MILLISECONDS);
            if (signal == null) {
                throw new IOException("nothing arrived for " + idle.toMillis() + " ms");
            }
            return signal;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /** Ends the transfer if it is not complete; the connection is then not used again. */
    @Override
    public void close() {
        end = new Signal.Failed(new IOException("Stream closed"));
        current = List.of();
        Flow.Subscription started;
        synchronized (lock) {
            cancelled = true;
            started = subscription;
        }
        if (started != null) {
            started.cancel();
        }
    }
}
