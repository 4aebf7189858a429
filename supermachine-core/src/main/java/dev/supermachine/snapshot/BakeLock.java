package dev.supermachine.snapshot;

import dev.supermachine.BakeException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonWriter;
import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The right to bake one fingerprint: a flock on a file of its own, so that it ends with the process. The file says who holds it. Whoever removes a lock file
 * holds it, hence the look after locking whether the file is still the one that others find.
 *
 * @since 0.1
 */
public final class BakeLock implements AutoCloseable {

    private static final long POLL_MILLIS = 100;

    private final FileLock lock;

    private BakeLock(FileLock lock) {
        this.lock = lock;
    }

    /** Waits for the right; the wait ends with an exception when the thread is interrupted. */
    static BakeLock acquire(Path path, String name, WaitListener onWaiting) throws IOException {
        String said = "";
        while (true) {
            Optional<BakeLock> lock = tryAcquire(path);
            if (lock.isPresent()) {
                return lock.get();
            }
            String message = describeHolder(path, name);
            if (!message.equals(said)) {
                onWaiting.waiting(message);
                said = message;
            }
            await(message);
        }
    }

    /**
     * The right if nobody holds it.
     *
     * @param path the lock's file, made if missing
     * @return the right, held
     * @throws IOException if the file cannot be made or locked
     */
    public static Optional<BakeLock> tryAcquire(Path path) throws IOException {
        while (true) {
            Optional<FileLock> lock = FileLock.tryExclusive(path);
            if (lock.isEmpty()) {
                return Optional.empty();
            }
            if (lock.get().isCurrent()) {
                return Optional.of(new BakeLock(lock.get()));
            }
            lock.get().close();
        }
    }

    /**
     * Removes the lock's file, for what is gone or nobody will ask for soon.
     *
     * @throws IOException if it cannot be removed
     */
    public void removeFile() throws IOException {
        Files.deleteIfExists(lock.path());
    }

    /** Lets go of it. */
    @Override
    public void close() {
        lock.close();
    }

    /**
     * Lets those who wait know for whom.
     *
     * @param name what is baked
     * @throws IOException if it cannot be written
     */
    public void writeHolder(String name) throws IOException {
        Map<String, Object> holder = new LinkedHashMap<>();
        holder.put("pid", ProcessHandle.current().pid());
        holder.put("name", name);
        holder.put("since", Instant.now().toString());
        Files.writeString(lock.path(), JsonWriter.compact(holder));
    }

    /** The holder writes without being waited for, so its note may be missing or half written. */
    private static String describeHolder(Path path, String name) {
        return "Waiting for " + noteOf(path).orElse("another process, which bakes '" + name + "'");
    }

    /**
     * Who holds a lock.
     *
     * @param path the lock's file
     * @return such as {@code process 4711, which has been baking 'redis' since 2026-11-28T10:00:00Z}
     */
    public static String holder(Path path) {
        return noteOf(path).orElse("another process");
    }

    private static Optional<String> noteOf(Path path) {
        try {
            JsonDocument holder = JsonDocument.parse(Files.readAllBytes(path));
            return Optional.of("process " + holder.integer("pid") + ", which has been baking '" + holder.string("name")
                    + "' since " + holder.string("since"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The kernel tells nobody when a lock becomes free, so this is polled, slowly. */
    private static void await(String message) {
        try {
            boolean never = new CountDownLatch(1).await(POLL_MILLIS, TimeUnit.MILLISECONDS);
            assert !never;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BakeException("The thread was interrupted. It was: " + message, e);
        }
    }
}
