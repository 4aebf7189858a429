package dev.supermachine.engine;

/** What the guest's kernel and agent printed, the latest part of it. Thread-safe. */
public interface Console {

    /**
     * All that is kept, at most the last {@code 256 KiB}.
     *
     * @return the text, with control characters other than line feeds and tabs replaced
     */
    String text();

    /**
     * The last lines, for messages.
     *
     * @param lines how many at most
     * @return the lines, joined by line feeds
     */
    String tail(int lines);
}
