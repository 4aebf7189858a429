package dev.supermachine.bake;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.VmPool;
import java.nio.file.Path;

/** What a warm-up can know of the image that it is a part of. */
record ImageInTheMaking(String name, String reference, int memoryMib, int vcpus, int guestPort) implements Image {

    static Image of(BakeRequest request) {
        return new ImageInTheMaking(
                request.name(), request.reference(), request.memoryMib(), request.vcpus(), request.guestPort());
    }

    @Override
    public String digest() {
        throw notYet("has no digest");
    }

    @Override
    public Origin origin() {
        throw notYet("has no origin");
    }

    @Override
    public VmPool.Builder pool() {
        throw notYet("has no machines");
    }

    @Override
    public Vm start(VmConfig config) {
        throw notYet("has no machines");
    }

    @Override
    public Image compact(Path directory) {
        throw notYet("has no snapshot");
    }

    private IllegalStateException notYet(String what) {
        return new IllegalStateException("The image '" + name + "' is being baked and " + what
                + " before its warm-up has ended and the bake is done.");
    }
}
