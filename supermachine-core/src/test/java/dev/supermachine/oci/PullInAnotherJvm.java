package dev.supermachine.oci;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import java.nio.file.Path;
import java.time.Duration;

/** Pulls an image in a JVM of its own, with more patience than any test has. */
final class PullInAnotherJvm {

    private PullInAnotherJvm() {}

    /**
     * Prints the digest of the manifest.
     *
     * @param arguments the image, and the directory of the store
     */
    public static void main(String[] arguments) {
        ContentStore store = new ContentStore(Path.of(arguments[1]));
        PullSettings patient = PullSettings.defaults().withIdleTimeout(Duration.ofHours(1));
        PulledImage pulled = new ImagePuller(store, PullListener.SILENT, patient)
                .pull(ImageSource.of(arguments[0]), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
        System.out.println(pulled.manifestDigest());
    }
}
