package dev.supermachine.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tags of OCI layouts, which umoci and skopeo want to be told. */
final class LayoutTag {

    private static final String KEY = "\"org.opencontainers.image.ref.name\":\"";

    private LayoutTag() {}

    /** The one tag in a layout. */
    static String of(Path layout) throws IOException {
        String index = Files.readString(layout.resolve("index.json"));
        int at = index.indexOf(KEY) + KEY.length();
        return index.substring(at, index.indexOf('"', at));
    }
}
