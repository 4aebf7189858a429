package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.SupermachineException;
import dev.supermachine.tar.TarErrors;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Words the errors of one layer, so that each names it and the entry. */
class LayerErrors extends TarErrors {

    private final long bytesBefore;
    private boolean beyondLimit;

    LayerErrors(String diffId) {
        this(diffId, 0);
    }

    /**
     * @param bytesBefore how many bytes the layers below have together
     */
    LayerErrors(String diffId, long bytesBefore) {
        super("Layer " + diffId, "layer", "pull the image again.");
        this.bytesBefore = bytesBefore;
    }

    @Override
    protected ImageException exception(String message, @Nullable IOException cause) {
        return new ImageException(message, cause);
    }

    /**
     * An entry lies in what is not a directory.
     *
     * @param parent what it lies in, without a slash in front
     */
    SupermachineException parentIsNoDirectory(String entry, String parent) {
        return of(
                entry,
                "lies in \"/" + printable(parent)
                        + "\", which is not a directory. The layer is damaged, or a layer below it is missing.");
    }

    /** Whether one of the errors was that there is too much, and not that something is wrong. */
    boolean isBeyondLimit() {
        return beyondLimit;
    }

    /** The limit is one for all layers together; what is left of it for this one says nothing. */
    @Override
    protected SupermachineException tooLarge(String entry, long size, long position, long maxBytes) {
        beyondLimit = true;
        return of(
                entry,
                "the layers hold at least " + (bytesBefore + position + size)
                        + " bytes uncompressed, but the limit for one image is " + (bytesBefore + maxBytes)
                        + " (supermachine.image.max.bytes). The layer may be a decompression bomb; if the image is meant"
                        + " to be so large, raise that setting.");
    }

    SupermachineException tooManyEntries(String entry, long found, long limit) {
        beyondLimit = true;
        return of(
                entry,
                "is entry " + found + " of the layers, but the limit for one image is " + limit
                        + " (supermachine.image.max.entries). If the image is meant to have so many files, raise that"
                        + " setting.");
    }

    SupermachineException treeTooLarge(String entry, long found, TreeMemory memory) {
        beyondLimit = true;
        return of(
                entry,
                "with it, entry " + found + " of the layers, the list of the image's files takes "
                        + (memory.used() >> 10) + " KiB of memory, but the limit is " + (memory.limit() >> 10)
                        + " KiB, half of this JVM's heap. If the image is meant to have so many files or attributes,"
                        + " give the JVM more heap (-Xmx); for tests, in Surefire's argLine or Gradle's maxHeapSize.");
    }
}
