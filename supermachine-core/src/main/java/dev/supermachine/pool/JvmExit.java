package dev.supermachine.pool;

/** Whether this JVM is about to end. Threads go on for a moment then, while what they use is taken down, and their failures mean nothing. */
final class JvmExit {

    private static final Thread PROBE = new Thread(() -> {}, "supermachine-never-run");

    private JvmExit() {}

    /** True from before the first shutdown hook runs. A hook that sets a flag would be one among others, which run at the same time. */
    static synchronized boolean hasBegun() {
        try {
            Runtime.getRuntime().addShutdownHook(PROBE);
            Runtime.getRuntime().removeShutdownHook(PROBE);
            return false;
        } catch (IllegalStateException e) {
            return true; // the only way to ask, as Runtime documents it
        }
    }
}
