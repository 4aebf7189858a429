package dev.supermachine.cli;

import dev.supermachine.bake.BakeListener;
import dev.supermachine.bake.BakePhase;
import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Measures the phases of a bake, and tells of them: in a terminal what is done now, and behind it how long it took; elsewhere a line for each phase when it is
 * over. A bake that finds its snapshot is not worth a word.
 */
final class Progress implements BakeListener {

    private final PrintWriter err;
    private final boolean redraw;
    private final Map<BakePhase, Long> millis = new EnumMap<>(BakePhase.class);
    private @Nullable BakePhase current;
    private long began;
    private boolean bakes;

    Progress(PrintWriter err, boolean redraw) {
        this.err = err;
        this.redraw = redraw;
    }

    @Override
    public void began(BakePhase phase) {
        ended();
        current = phase;
        began = System.nanoTime();
        bakes |= phase == BakePhase.ROOT_IMAGE;
        if (bakes && redraw) {
            err.print("  " + phase.words() + " ...");
            err.flush();
        }
    }

    @Override
    public void waiting(String message) {
        err.println(message);
    }

    /** The phase that runs is over. */
    void ended() {
        BakePhase phase = current;
        if (phase == null) {
            return;
        }
        long took = (System.nanoTime() - began) / 1_000_000;
        millis.merge(phase, took, Long::sum);
        if (bakes) {
            err.println((redraw ? "\r" : "") + String.format("  %-12s %s", phase.words(), Words.millis(took)));
        }
        current = null;
    }

    /** How long each phase took that there was, in milliseconds. */
    Map<BakePhase, Long> phases() {
        return millis;
    }
}
