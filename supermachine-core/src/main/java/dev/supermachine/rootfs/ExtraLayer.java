package dev.supermachine.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Extra files as a layer.
 *
 * @param files what is in it
 * @param tar where it is kept while it is needed
 */
record ExtraLayer(ExtraFiles files, Path tar) implements LayerSource {

    @Override
    public String diffId() {
        return files.digest();
    }

    @Override
    public InputStream open() throws IOException {
        return Files.newInputStream(tar);
    }
}
