package dev.supermachine.rootfs;

import dev.supermachine.tar.TarSpec;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** A layer in memory. */
final class TestLayer implements LayerSource {

    private final byte[] tar;

    TestLayer(byte[] tar) {
        this.tar = tar;
    }

    byte[] tar() {
        return tar;
    }

    static TestLayer of(TarSpec... entries) {
        return of(List.of(entries));
    }

    static TestLayer of(List<TarSpec> entries) {
        return new TestLayer(TarSpec.archive(entries));
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String diffId() {
        return "sha256:" + sha256(tar);
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(tar);
    }
}
