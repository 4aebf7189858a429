package dev.supermachine.guest;

import com.github.luben.zstd.ZstdIOException;
import dev.supermachine.EngineException;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.StoreTrouble;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kernel guests run: the one from the kernel jar, unpacked once per version into the cache, or one of the user's own.
 *
 * <p>One's own is named by the setting {@value #PATH_PROPERTY}: an uncompressed ELF file with a PVH note, or a bzImage where the engine can boot
 * one. The modules of the kernel jar are offered to it all the same, so either its version is exactly the jar's, or what they do (virtio-mmio,
 * virtio-blk, virtio-rng, overlayfs, EROFS) is built in. It needs ACPI, virtio-console and devtmpfs built in at any rate.
 *
 * <p>Instances are thread-safe. Nothing is downloaded.
 *
 * @since 0.1
 */
public final class GuestKernel {

    /** The system property that names one's own kernel file. */
    public static final String PATH_PROPERTY = "supermachine.kernel.path";

    private static final int BZIMAGE_MAGIC_OFFSET = 0x202; // Documentation/arch/x86/boot.rst, field "header"
    private static final byte[] BZIMAGE_MAGIC = "HdrS".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ELF_MAGIC = {0x7f, 'E', 'L', 'F'};
    private static final int SHORT_HASH = 12;

    private final String version;
    private final String fingerprint;
    private final Path vmlinux;
    private final @Nullable KernelBundle bundle;
    private final boolean ownKernel;
    private boolean checked;

    private GuestKernel(String version, String hash, Path vmlinux, @Nullable KernelBundle bundle, boolean ownKernel) {
        this.version = version;
        this.fingerprint = Sha256.hex((hash + " " + (bundle == null ? "no modules" : bundle.modulesHash()))
                .getBytes(StandardCharsets.US_ASCII));
        this.vmlinux = vmlinux;
        this.bundle = bundle;
        this.ownKernel = ownKernel;
    }

    /**
     * Finds the kernel: the user's own, else the one in the kernel jar on the class path or module path. The jar's kernel is not
     * unpacked yet, so that a run which only restores snapshots never pays for it.
     *
     * @param cacheDirectory the root of the cache; the kernel goes to {@code kernel/<version>-<hash>/vmlinux} below it
     * @param ownKernel the user's own kernel file, from the setting {@value #PATH_PROPERTY}; empty for the jar's
     * @return the kernel
     * @throws EngineException if there is no kernel, the jar is damaged, or the user's own file cannot be read or is no kernel
     */
    public static GuestKernel locate(Path cacheDirectory, Optional<Path> ownKernel) {
        return locate(
                cacheDirectory,
                GuestKernel.class.getClassLoader(),
                ownKernel.map(Path::toString).orElse(null));
    }

    static GuestKernel locate(Path cacheDirectory, ClassLoader loader, @Nullable String ownPath) {
        Optional<KernelBundle> bundle = KernelBundle.find(loader);
        if (ownPath != null && !ownPath.isBlank()) {
            return own(Path.of(ownPath), bundle.orElse(null));
        }
        KernelBundle found = bundle.orElseThrow(() -> new EngineException(
                "No guest kernel: neither the class path nor the module path has the jar with it. Add the dependency"
                        + " dev.supermachine:supermachine-kernel-x86-64 (on the module path also"
                        + " --add-modules dev.supermachine.kernel.x86_64), or name a kernel file of your own with -D"
                        + PATH_PROPERTY + "=<file>."));
        String folder = found.version() + "-" + found.vmlinuxHash().substring(0, SHORT_HASH);
        Path vmlinux = cacheDirectory.resolve("kernel").resolve(folder).resolve("vmlinux");
        return new GuestKernel(found.version(), found.vmlinuxHash(), vmlinux, found, false);
    }

    /**
     * The kernel as a file. The first call unpacks the jar's kernel if it is not in the cache yet, or not intact; threads and processes that ask at the
     * same time wait for one of them. Takes under a second.
     *
     * @return the path of the kernel file, never to be changed or deleted by the caller
     * @throws EngineException if it cannot be unpacked
     */
    public synchronized Path vmlinux() {
        // The cache may be emptied at any time, so a check made earlier says nothing about a file that is gone.
        if (bundle != null && !ownKernel && !(checked && Files.exists(vmlinux))) {
            unpack(bundle);
            checked = true;
        }
        return vmlinux;
    }

    /**
     * Which kernel this is, for messages and manifests.
     *
     * @return the release as {@code uname -r} gives it; for one's own kernel {@code own-} and a part of its hash
     */
    public String version() {
        return version;
    }

    /**
     * What identifies kernel and modules in a bake's fingerprint: different when a byte of either is.
     *
     * @return 64 hexadecimal digits
     */
    public String fingerprint() {
        return fingerprint;
    }

    /**
     * The kernel's modules.
     *
     * @return a newc cpio archive with {@code lib/modules/<name>.ko} for each module and their names in loading order, one a line, in
     *     {@code lib/modules/modules.order}; empty if there is a kernel of one's own and no kernel jar
     * @throws EngineException if the kernel jar is damaged
     */
    public byte[] modulesCpio() {
        return bundle == null ? new byte[0] : bundle.modulesCpio();
    }

    /**
     * The names of the modules in {@link #modulesCpio()}.
     *
     * @return the names, each after those it depends on
     */
    public List<String> modules() {
        return bundle == null ? List.of() : bundle.modules();
    }

    private void unpack(KernelBundle from) {
        try {
            HashedFile.ensure(vmlinux, from.vmlinuxHash(), from::writeVmlinux);
        } catch (HashedFile.MismatchException | ZstdIOException e) {
            throw KernelBundle.damaged("cannot unpack vmlinux.zst: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new EngineException(
                    "Cannot unpack the guest kernel " + version + " (60 MB) to " + vmlinux + ": "
                            + StoreTrouble.describe(e, vmlinux, "supermachine.cache.dir"),
                    e);
        }
    }

    private static GuestKernel own(Path file, @Nullable KernelBundle bundle) {
        try {
            if (!isKernel(file)) {
                throw new EngineException("The file " + file + ", named by -D" + PATH_PROPERTY
                        + ", is no kernel: expected an ELF file (vmlinux) or a bzImage (vmlinuz).");
            }
            String hash = HashedFile.hash(file);
            return new GuestKernel("own-" + hash.substring(0, SHORT_HASH), hash, file.toAbsolutePath(), bundle, true);
        } catch (IOException e) {
            throw new EngineException(
                    "Cannot read the kernel file " + file + ", named by -D" + PATH_PROPERTY + ": " + e
                            + ". Correct the path, or leave the property away to use the kernel of the kernel jar.",
                    e);
        }
    }

    private static boolean isKernel(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(BZIMAGE_MAGIC_OFFSET + BZIMAGE_MAGIC.length);
            return startsAt(head, 0, ELF_MAGIC) || startsAt(head, BZIMAGE_MAGIC_OFFSET, BZIMAGE_MAGIC);
        }
    }

    private static boolean startsAt(byte[] bytes, int offset, byte[] magic) {
        int end = offset + magic.length;
        return bytes.length >= end && Arrays.equals(bytes, offset, end, magic, 0, magic.length);
    }
}
