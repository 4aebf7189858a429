package dev.supermachine.guest;

import static dev.supermachine.guest.SampleKernel.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.supermachine.EngineException;
import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestKernelTest {

    @TempDir
    private Path directory;

    private Path cache;
    private SampleKernel sample;

    @BeforeEach
    void setUp() {
        cache = directory.resolve("cache");
        sample = new SampleKernel(directory.resolve("jar"));
    }

    @Nested
    class FromTheJar {

        @Test
        void isUnpackedWhenAskedForAndNotBefore() throws IOException {
            GuestKernel kernel = sample.locate(cache);

            assertThat(kernel.version()).isEqualTo("6.12.1-test");
            assertThat(kernel.modules()).containsExactly("virtio_mmio", "overlay");
            assertThat(kernel.modulesCpio()).isEqualTo(sample.modules);
            assertThat(cache).doesNotExist();

            Path vmlinux = kernel.vmlinux();

            assertThat(vmlinux)
                    .isEqualTo(cache.resolve(
                            "kernel/6.12.1-test-" + Sha256.hex(sample.vmlinux).substring(0, 12) + "/vmlinux"))
                    .hasBinaryContent(sample.vmlinux);
            assertThat(permissions(vmlinux)).isEqualTo("rw-------");
            assertThat(permissions(vmlinux.resolveSibling(""))).isEqualTo("rwx------");
            assertThat(permissions(cache)).isEqualTo("rwx------");
        }

        @Test
        void isUnpackedOncePerVersion() throws IOException {
            Path vmlinux = sample.locate(cache).vmlinux();
            Object first = Files.getAttribute(vmlinux, "unix:ino");

            assertThat(sample.locate(cache).vmlinux()).isEqualTo(vmlinux);
            assertThat(Files.getAttribute(vmlinux, "unix:ino")).isEqualTo(first);
        }

        @Test
        void isUnpackedAgainWhenTheCopyIsDamagedOrGone() throws IOException {
            Path vmlinux = sample.locate(cache).vmlinux();
            byte[] flipped = sample.vmlinux.clone();
            flipped[200_000] ^= 1;
            for (byte[] damage : List.of(flipped, Arrays.copyOf(sample.vmlinux, 1000), new byte[0])) {
                Files.write(vmlinux, damage);

                assertThat(sample.locate(cache).vmlinux()).hasBinaryContent(sample.vmlinux);
            }
            GuestKernel kernel = sample.locate(cache);
            Files.delete(kernel.vmlinux());

            assertThat(kernel.vmlinux()).hasBinaryContent(sample.vmlinux);
        }

        @Test
        void takesNoNoticeOfWhatAKilledProcessLeft() throws IOException {
            Path vmlinux = sample.locate(cache).vmlinux();
            Files.delete(vmlinux);
            Files.write(vmlinux.resolveSibling("vmlinux.tmp"), bytes("half"));

            assertThat(sample.locate(cache).vmlinux()).hasBinaryContent(sample.vmlinux);
            assertThat(filesBeside(vmlinux)).containsExactlyInAnyOrder("vmlinux", "vmlinux.lock");
        }

        @Test
        void isUnpackedOnceByThreadsThatAskTogether() throws IOException, InterruptedException, ExecutionException {
            int threads = 10;
            CyclicBarrier start = new CyclicBarrier(threads);
            ExecutorService executor = Executors.newFixedThreadPool(threads);
            try {
                List<Callable<Object>> tasks = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    tasks.add(() -> {
                        GuestKernel kernel = sample.locate(cache);
                        start.await();
                        return Files.getAttribute(kernel.vmlinux(), "unix:ino");
                    });
                }
                List<Object> seen = new ArrayList<>();
                for (Future<Object> result : executor.invokeAll(tasks)) {
                    seen.add(result.get());
                }
                // A second unpacking would have been a second file, with another inode.
                assertThat(seen).hasSize(threads);
                assertThat(seen.stream().distinct()).hasSize(1);
            } finally {
                executor.shutdownNow();
            }
            assertThat(sample.locate(cache).vmlinux()).hasBinaryContent(sample.vmlinux);
        }

        @Test
        void hasAFingerprintOfKernelAndModules() {
            String before = sample.locate(cache).fingerprint();

            assertThat(before).matches("[0-9a-f]{64}");
            assertThat(sample.locate(directory.resolve("elsewhere")).fingerprint())
                    .isEqualTo(before);
            sample.describe(Sha256.hex(bytes("another")), Sha256.hex(sample.modules));
            String otherKernel = sample.locate(cache).fingerprint();
            sample.describe(Sha256.hex(sample.vmlinux), Sha256.hex(bytes("another")));
            String otherModules = sample.locate(cache).fingerprint();
            assertThat(List.of(before, otherKernel, otherModules)).doesNotHaveDuplicates();
        }
    }

    @Nested
    class OfOnesOwn {

        @Test
        void isTakenWhereItLiesWithTheModulesOfTheJar() throws IOException {
            Path own = Files.write(directory.resolve("vmlinux-mine"), bytes("\u007fELF and so on"));
            Path bzImage = directory.resolve("vmlinuz-mine");
            byte[] image = new byte[2048];
            System.arraycopy(bytes("HdrS"), 0, image, 0x202, 4);
            Files.write(bzImage, image);

            GuestKernel kernel = GuestKernel.locate(cache, loader(), own.toString());

            assertThat(kernel.vmlinux()).isEqualTo(own);
            assertThat(kernel.version()).isEqualTo("own-" + HashedFile.hash(own).substring(0, 12));
            assertThat(kernel.modulesCpio()).isEqualTo(sample.modules);
            assertThat(kernel.fingerprint())
                    .isNotEqualTo(sample.locate(cache).fingerprint())
                    .isNotEqualTo(GuestKernel.locate(cache, loader(), bzImage.toString())
                            .fingerprint());
            assertThat(cache).doesNotExist();
        }

        @Test
        void needsNoKernelJar() throws IOException {
            Path own = Files.write(directory.resolve("vmlinux-mine"), bytes("\u007fELF and so on"));
            ClassLoader empty = SampleKernel.loader(Files.createDirectory(directory.resolve("empty")));

            GuestKernel kernel = GuestKernel.locate(cache, empty, own.toString());

            assertThat(kernel.modulesCpio()).isEmpty();
            assertThat(kernel.modules()).isEmpty();
            assertThat(Cpio.read(Initramfs.archive(bytes("agent"), kernel, Optional.empty())))
                    .extracting(Cpio.Entry::name)
                    .contains("init");
        }

        @Test
        void isRefusedWhenItIsNoKernelOrNotThere() throws IOException {
            Path text = Files.writeString(directory.resolve("notes.txt"), "no kernel");

            assertThatThrownBy(() -> GuestKernel.locate(cache, loader(), text.toString()))
                    .isInstanceOf(EngineException.class)
                    .hasMessage("The file " + text + ", named by -Dsupermachine.kernel.path, is no kernel:"
                            + " expected an ELF file (vmlinux) or a bzImage (vmlinuz).");
            assertThatThrownBy(() -> GuestKernel.locate(cache, loader(), "/no/such/file"))
                    .isInstanceOf(EngineException.class)
                    .hasMessageStartingWith(
                            "Cannot read the kernel file /no/such/file, named by -Dsupermachine.kernel.path:");
        }

        private ClassLoader loader() {
            return SampleKernel.loader(directory.resolve("jar"));
        }
    }

    @Nested
    class Failing {

        @Test
        void saysWhichArtifactIsMissing() throws IOException {
            ClassLoader empty = SampleKernel.loader(Files.createDirectory(directory.resolve("empty")));

            assertThatThrownBy(() -> GuestKernel.locate(cache, empty, null))
                    .isInstanceOf(EngineException.class)
                    .hasMessage("No guest kernel: neither the class path nor the module path has the jar with it."
                            + " Add the dependency dev.supermachine:supermachine-kernel-x86-64 (on the module path"
                            + " also --add-modules dev.supermachine.kernel.x86_64), or name a kernel file of your own"
                            + " with -Dsupermachine.kernel.path=<file>.");
        }

        @Test
        void publishesNothingFromADamagedJar() {
            byte[] other = sample.vmlinux.clone();
            other[5] ^= 1;
            byte[] packed = Zstd.compress(sample.vmlinux);
            sample.put("vmlinux.zst", Zstd.compress(other));
            assertDamaged("found SHA-256 " + Sha256.hex(other) + ", expected " + Sha256.hex(sample.vmlinux));
            sample.put("vmlinux.zst", Arrays.copyOf(packed, packed.length / 2));
            assertDamaged("cannot unpack vmlinux.zst");
            sample.put("vmlinux.zst", bytes("not zstd at all"));
            assertDamaged("cannot unpack vmlinux.zst");
            sample.delete("vmlinux.zst");
            assertDamaged("vmlinux.zst is missing");
        }

        @Test
        void refusesDamagedModules() {
            sample.put("modules.zst", Zstd.compress(bytes("other")));

            assertThatThrownBy(() -> sample.locate(cache).modulesCpio())
                    .isInstanceOf(EngineException.class)
                    .hasMessage("The guest kernel's jar (dev.supermachine:supermachine-kernel-x86-64) is damaged:"
                            + " modules.zst unpacks to SHA-256 " + Sha256.hex(bytes("other")) + ", expected "
                            + Sha256.hex(sample.modules)
                            + ". Delete it from the local repository, so that it is fetched again.");
        }

        @Test
        void refusesAnIncompleteDescription() {
            sample.put("kernel.properties", bytes("version=6.12.1-test\n"));

            assertThatThrownBy(() -> sample.locate(cache))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining("kernel.properties has no 'vmlinux.sha256'");
        }

        @Test
        void saysWhereItCouldNotWrite() throws IOException {
            Files.writeString(cache, "a file where a directory should be");

            assertThatThrownBy(() -> sample.locate(cache).vmlinux())
                    .isInstanceOf(EngineException.class)
                    .hasMessageStartingWith("Cannot unpack the guest kernel 6.12.1-test (60 MB) to " + cache)
                    .hasMessageContaining(" MiB free. ")
                    .hasMessageEndingWith(" the setting supermachine.cache.dir.");
        }

        private void assertDamaged(String detail) {
            GuestKernel kernel = sample.locate(cache);
            assertThatThrownBy(kernel::vmlinux)
                    .isInstanceOf(EngineException.class)
                    .hasMessageStartingWith("The guest kernel's jar (dev.supermachine:supermachine-kernel-x86-64) is")
                    .hasMessageContaining(detail);
            assertThat(cache.resolve("kernel"))
                    .isDirectoryNotContaining(path -> Files.exists(path.resolve("vmlinux")))
                    .isDirectoryNotContaining(path -> Files.exists(path.resolve("vmlinux.tmp")));
        }
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static List<String> filesBeside(Path file) throws IOException {
        try (Stream<Path> files = Files.list(file.getParent())) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }
}
