package dev.supermachine;

import dev.supermachine.image.Images;
import java.nio.file.Path;

/** The one edge from the public API to what implements it. */
final class Bootstrap {

    private Bootstrap() {}

    static OciImageBuilder builder(String reference) {
        return Images.builder(reference);
    }

    static Image fromSnapshot(Path path) {
        return Images.fromSnapshot(path);
    }
}
