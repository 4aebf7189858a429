package dev.supermachine.guest;

import dev.supermachine.BakeException;
import dev.supermachine.Platform;
import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;

/**
 * A program that runs programs of another platform in a guest: QEMU's user-mode emulator, a file of this host that is put into the guest's initial file system.
 * The guest's kernel hands it every program of that platform ({@code binfmt_misc}). Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class Emulator {

    /** Where the guest finds it while it boots; the agent knows this name. */
    static final String FOLDER = "emulator";

    /** Written by the agent to the kernel's register. */
    static final String REGISTRATION = FOLDER + "/register";

    private final String program;
    private final String registration;
    private final byte[] content;
    private final String fingerprint;

    private Emulator(ForeignArchitecture architecture, byte[] content) {
        this.program = FOLDER + "/" + architecture.program();
        this.registration = architecture.registration("/" + program);
        this.content = content;
        MessageDigest digest = Sha256.newDigest();
        digest.update(registration.getBytes(StandardCharsets.US_ASCII));
        digest.update(content);
        this.fingerprint = Sha256.hex(digest);
    }

    /**
     * The platforms whose images machines can run.
     *
     * @return in Docker's form, the machines' own first
     */
    public static List<String> platforms() {
        return ForeignArchitecture.platforms();
    }

    /**
     * Whether machines can run images of a platform, if its emulator is there.
     *
     * @param platform normalized
     * @return false if no emulator is known for it
     */
    public static boolean runs(Platform platform) {
        return platform.os().equals("linux")
                && (ForeignArchitecture.isNative(platform)
                        || ForeignArchitecture.of(platform).isPresent());
    }

    /**
     * The emulator for a platform, read now.
     *
     * @param image which image is to be run, for messages
     * @param platform one that machines can {@linkplain #runs(Platform) run}
     * @param directory where emulators are
     * @return the emulator; empty if the guest's processor runs the platform's programs itself
     * @throws BakeException if it is not there or cannot be used; the message says what to install
     */
    public static Optional<Emulator> find(String image, Platform platform, Path directory) {
        return ForeignArchitecture.isNative(platform)
                ? Optional.empty()
                : ForeignArchitecture.of(platform).map(known -> read(image, platform, known, directory));
    }

    /**
     * What identifies it in a bake's fingerprint: different when a byte of it or of how it is registered is.
     *
     * @return 64 hexadecimal digits
     */
    public String fingerprint() {
        return fingerprint;
    }

    List<Cpio.Entry> entries() {
        return List.of(
                Cpio.Entry.directory(FOLDER, 0755),
                Cpio.Entry.file(REGISTRATION, 0644, registration.getBytes(StandardCharsets.US_ASCII)),
                Cpio.Entry.file(program, 0755, content));
    }

    private static Emulator read(String image, Platform platform, ForeignArchitecture architecture, Path directory) {
        String need = "The programs of " + image + " for " + platform + " need an emulator, ";
        List<Path> candidates =
                architecture.programs().stream().map(directory::resolve).toList();
        Path file = candidates.stream()
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(
                        () -> new BakeException(
                                need + "but there is neither " + candidates.get(0) + " nor "
                                        + candidates.get(1)
                                        + ". Install it (Debian and Ubuntu: apt-get install qemu-user-static), or say in which directory it is with the setting supermachine.emulator.dir."));
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BakeException(
                    need + "but " + file + " cannot be read: " + e
                            + ". Make it readable, or say in which directory another one is with the setting supermachine.emulator.dir.",
                    e);
        }
        Optional<String> unusable = GuestProgram.whyUnusable(content);
        if (unusable.isPresent()) {
            throw new BakeException(
                    need + "but " + file + " " + unusable.get()
                            + ". It has to be a statically linked program for x86-64: install one (Debian and Ubuntu: apt-get install qemu-user-static), or say in which directory one is with the setting supermachine.emulator.dir.");
        }
        return new Emulator(architecture, content);
    }
}
