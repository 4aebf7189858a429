package dev.supermachine.oci;

import dev.supermachine.text.StandardStream;
import java.io.Flushable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Shows a pull to a person: a bar that is drawn over and over in a terminal, a line per layer anywhere else. Colour is used in a terminal unless
 * {@code NO_COLOR} is set (no-color.org). Thread-safe. An image that comes from the cache is not worth a word.
 *
 * @since 0.1
 */
public final class ProgressRenderer implements PullListener {

    private static final int BAR = 30;
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final String GREEN = "\u001b[32m";
    private static final String RESET = "\u001b[0m";

    private final Appendable out;
    private final boolean terminal;
    private final boolean color;
    private final LongSupplier nanoTime;
    private final Map<String, Long> arrived = new HashMap<>();
    private String reference = "";
    private long total;
    private int width;
    private long drawn;

    /**
     * A renderer.
     *
     * @param out where to write; nothing is written anywhere else
     * @param terminal whether that is a terminal
     * @param color whether colours are wanted there; without a terminal there are none
     */
    public ProgressRenderer(Appendable out, boolean terminal, boolean color) {
        this(out, terminal, color, System::nanoTime);
    }

    ProgressRenderer(Appendable out, boolean terminal, boolean color, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.color = terminal && color;
        this.nanoTime = nanoTime;
    }

    /**
     * A renderer for the standard error stream of this process, which finds out by itself whether that is a terminal and honours {@code NO_COLOR} and
     * {@code TERM=dumb}.
     *
     * @return the renderer
     */
    public static ProgressRenderer forStandardError() {
        return of(System.err, StandardStream.isTerminal(2), System.getenv());
    }

    static ProgressRenderer of(Appendable out, boolean terminal, Map<String, String> environment) {
        boolean capable = terminal && !environment.getOrDefault("TERM", "").equals("dumb");
        return new ProgressRenderer(
                out, capable, environment.getOrDefault("NO_COLOR", "").isEmpty());
    }

    @Override
    public synchronized void resolved(String name, String manifestDigest, List<String> blobs, long bytes) {
        arrived.clear();
        reference = name;
        total = bytes;
        drawn = nanoTime.getAsLong() - REDRAW_NANOS;
        if (!terminal) {
            line("Pulling " + name + " (" + blobs.size() + (blobs.size() == 1 ? " layer, " : " layers, ")
                    + Messages.size(bytes) + ")");
        }
    }

    @Override
    public synchronized void blobProgress(String digest, long done, long size) {
        arrived.put(digest, done);
        if (terminal) {
            bar(false);
        }
    }

    @Override
    public synchronized void blobFinished(String digest, long size, boolean cached) {
        arrived.put(digest, size);
        if (terminal) {
            bar(true);
        } else {
            line("  " + digest.substring(0, Math.min(19, digest.length())) + " " + Messages.size(size)
                    + (cached ? " in the cache" : " pulled"));
        }
    }

    @Override
    public synchronized void finished(PulledImage image) {
        if (image.fromCache()) {
            return;
        }
        String text = "Pulled " + image.reference() + " " + image.manifestDigest();
        if (terminal) {
            erase();
        }
        line(color ? GREEN + text + RESET : text);
    }

    @Override
    public synchronized void failed(String name) {
        if (terminal) {
            erase();
        }
    }

    private void bar(boolean always) {
        long now = nanoTime.getAsLong();
        if (!always && now - drawn < REDRAW_NANOS) {
            return;
        }
        drawn = now;
        long done = arrived.values().stream().mapToLong(Long::longValue).sum();
        int filled = total <= 0 ? BAR : (int) Math.min(BAR, done * (double) BAR / total);
        String blocks = "#".repeat(filled);
        String rest = " ".repeat(BAR - filled);
        String plain = reference + " [" + blocks + rest + "] " + Messages.size(done) + " / " + Messages.size(total);
        String padding = " ".repeat(Math.max(0, width - plain.length()));
        width = plain.length();
        write("\r" + (color ? plain.replace("[" + blocks, "[" + GREEN + blocks + RESET) : plain) + padding);
    }

    private void erase() {
        if (width > 0) {
            write("\r" + " ".repeat(width) + "\r");
            width = 0;
        }
    }

    private void line(String text) {
        write(text + "\n");
    }

    private void write(String text) {
        try {
            out.append(text);
            if (out instanceof Flushable stream) {
                stream.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Progress cannot be written", e);
        }
    }
}
