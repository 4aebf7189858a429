package dev.supermachine.pool;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import java.nio.file.Path;

/** An image for tests of pools: figures only. */
record FakeImage(String name, int memoryMib) implements Image {

    @Override
    public String reference() {
        return name;
    }

    @Override
    public String digest() {
        return "sha256:" + "0".repeat(64);
    }

    @Override
    public int vcpus() {
        return 1;
    }

    @Override
    public int guestPort() {
        return 80;
    }

    @Override
    public Origin origin() {
        return new Origin(Path.of("/"), false, 0, 0);
    }

    @Override
    public VmPool.Builder pool() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Image compact(Path directory) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Vm start(VmConfig config) {
        throw new UnsupportedOperationException();
    }
}
