package dev.supermachine.bake;

/**
 * What a bake does, in this order. A snapshot that is there needs the first only.
 *
 * @since 0.1
 */
public enum BakePhase {
    /** The image's bytes are had and verified. */
    PULL("pull"),
    /** The inputs are hashed and looked for; another process that bakes the same is waited for. */
    LOOK("look"),
    /** The layers are made one root image, unless the cache has it. */
    ROOT_IMAGE("root image"),
    /** The machine starts, up to the first word of its agent. */
    BOOT("boot"),
    /** The workload runs until its condition is met and it has come to rest. */
    READY("ready"),
    /** The warm-up runs. */
    WARM_UP("warm-up"),
    /** Memory and devices are written. */
    CAPTURE("capture"),
    /** All of it is hashed, made durable, and put in its place. */
    PUBLISH("publish");

    private final String words;

    BakePhase(String words) {
        this.words = words;
    }

    /**
     * For people.
     *
     * @return a word or two
     */
    public String words() {
        return words;
    }
}
