package dev.supermachine.snapshot;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which states of large files this process has verified. The longest unused are forgotten beyond a number. Thread-safe. */
final class VerifiedFiles {

    private static final int MOST = 1000;

    /** Guarded by itself. */
    private final Map<String, Boolean> states = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST;
        }
    };

    /** Verifies a file. */
    @FunctionalInterface
    interface Verification {
        void run() throws IOException;
    }

    /**
     * Verifies a state unless that was done before. Several threads may do so at once.
     *
     * @param state the file and its state
     * @param lasting whether the state is sure to differ after the next change of the file, so that it can be remembered
     * @param verification throws if the file is not what it should be
     */
    void verify(String state, boolean lasting, Verification verification) throws IOException {
        synchronized (states) {
            if (states.get(state) != null) {
                return;
            }
        }
        verification.run();
        if (lasting) {
            synchronized (states) {
                states.put(state, true);
            }
        }
    }
}
