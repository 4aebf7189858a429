package dev.supermachine.guest;

import com.github.luben.zstd.Zstd;
import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** A small kernel jar's content, unpacked in a directory, for tests that damage it or count on its size. */
final class SampleKernel {

    final byte[] vmlinux = new byte[300_000];
    final byte[] modules = Cpio.write(List.of(
            Cpio.Entry.file("lib/modules/modules.order", 0644, bytes("virtio_mmio\noverlay\n")),
            Cpio.Entry.file("lib/modules/virtio_mmio.ko", 0644, bytes("first")),
            Cpio.Entry.file("lib/modules/overlay.ko", 0644, bytes("second"))));
    private final Path root;

    SampleKernel(Path root) {
        this.root = root;
        new Random(7).nextBytes(vmlinux);
        System.arraycopy(bytes("\u007fELF"), 0, vmlinux, 0, 4);
        put("vmlinux.zst", Zstd.compress(vmlinux));
        put("modules.zst", Zstd.compress(modules));
        describe(Sha256.hex(vmlinux), Sha256.hex(modules));
    }

    void describe(String vmlinuxHash, String modulesHash) {
        put(
                "kernel.properties",
                bytes("version=6.12.1-test\nvmlinux.sha256=" + vmlinuxHash + "\nmodules.sha256=" + modulesHash
                        + "\nmodules=virtio_mmio,overlay\n"));
    }

    void put(String name, byte[] content) {
        try {
            Path folder = Files.createDirectories(root.resolve(KernelBundle.FOLDER));
            Files.write(folder.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void delete(String name) {
        try {
            Files.delete(root.resolve(KernelBundle.FOLDER).resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    GuestKernel locate(Path cache) {
        return GuestKernel.locate(cache, loader(root), null);
    }

    /** A loader that sees one directory and nothing of the test's own class path. */
    static ClassLoader loader(Path directory) {
        try {
            return new URLClassLoader(new URL[] {directory.toUri().toURL()}, null);
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(directory.toString(), e);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
