package dev.supermachine.guest;

import com.github.luben.zstd.ZstdInputStream;
import dev.supermachine.EngineException;
import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The kernel and modules that come as resources of the kernel jar. {@code kernel.properties} says what they are; the bytes are read when asked for.
 */
final class KernelBundle {

    static final String FOLDER = "dev/supermachine/kernel/x86_64/";

    private final ClassLoader loader;
    private final Properties properties;

    private KernelBundle(ClassLoader loader, Properties properties) {
        this.loader = loader;
        this.properties = properties;
    }

    /** Finds the bundle by its properties; empty if the kernel jar is on neither path. */
    static Optional<KernelBundle> find(ClassLoader loader) {
        try (InputStream in = loader.getResourceAsStream(FOLDER + "kernel.properties")) {
            if (in == null) {
                return Optional.empty();
            }
            Properties properties = new Properties();
            properties.load(in);
            return Optional.of(new KernelBundle(loader, properties));
        } catch (IOException | IllegalArgumentException e) {
            throw damaged("cannot read kernel.properties: " + e.getMessage(), e);
        }
    }

    String version() {
        return property("version");
    }

    String vmlinuxHash() {
        return property("vmlinux.sha256");
    }

    String modulesHash() {
        return property("modules.sha256");
    }

    List<String> modules() {
        return List.of(property("modules").split(","));
    }

    void writeVmlinux(OutputStream out) throws IOException {
        try (InputStream in = open("vmlinux.zst")) {
            in.transferTo(out);
        }
    }

    byte[] modulesCpio() {
        byte[] cpio;
        try (InputStream in = open("modules.zst")) {
            cpio = in.readAllBytes();
        } catch (IOException e) {
            throw damaged("cannot unpack modules.zst: " + e.getMessage(), e);
        }
        String found = Sha256.hex(cpio);
        if (!found.equals(modulesHash())) {
            throw damaged("modules.zst unpacks to SHA-256 " + found + ", expected " + modulesHash(), null);
        }
        return cpio;
    }

    static EngineException damaged(String detail, @Nullable Throwable cause) {
        return new EngineException(
                "The guest kernel's jar (dev.supermachine:supermachine-kernel-x86-64) is damaged: " + detail
                        + ". Delete it from the local repository, so that it is fetched again.",
                cause);
    }

    private InputStream open(String name) throws IOException {
        InputStream packed = loader.getResourceAsStream(FOLDER + name);
        if (packed == null) {
            throw damaged(name + " is missing", null);
        }
        return new ZstdInputStream(packed);
    }

    private String property(String name) {
        String value = properties.getProperty(name);
        if (value == null || value.isBlank()) {
            throw damaged("kernel.properties has no '" + name + "'", null);
        }
        return value;
    }
}
