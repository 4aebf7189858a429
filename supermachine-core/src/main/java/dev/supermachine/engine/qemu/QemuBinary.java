package dev.supermachine.engine.qemu;

import dev.supermachine.settings.Settings;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The QEMU to run.
 *
 * @param path the program
 * @param version its version as it prints it, with the distribution's addition
 * @param major the first number of the version
 */
record QemuBinary(Path path, String version, int major) {

    /** The setting that names the program. */
    static final String SETTING = "supermachine.qemu.path";

    static final int OLDEST_MAJOR = 7;

    private static final String NAME = "qemu-system-x86_64";
    private static final int VERSION_SECONDS = 10;
    private static final Pattern VERSION = Pattern.compile("QEMU emulator version ((\\d+)\\.[^\\n]*)");

    /** There is no QEMU that fits. The message tells why and what to do. */
    static final class NotFound extends IOException {

        private static final long serialVersionUID = 1L;

        NotFound(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Looks where the setting says, else along the search path.
     *
     * @throws NotFound if there is none, it does not run, or is too old
     */
    static QemuBinary find() throws NotFound {
        Optional<Path> set;
        try {
            set = Settings.system().qemuPath();
        } catch (IllegalArgumentException e) {
            throw new NotFound(String.valueOf(e.getMessage()), e);
        }
        String search = System.getenv("PATH");
        return check(set.isPresent() ? set(set.get()) : onPath(search != null ? search : "/usr/bin:/bin"));
    }

    static Path set(Path path) throws NotFound {
        if (!Files.isExecutable(path) || Files.isDirectory(path)) {
            throw new NotFound(
                    "the setting " + SETTING + " names " + path + ", which is no program that can be run", null);
        }
        return path;
    }

    static Path onPath(String search) throws NotFound {
        for (String directory : search.split(File.pathSeparator, -1)) {
            Path candidate = Path.of(directory).toAbsolutePath().resolve(NAME);
            if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                return candidate;
            }
        }
        throw new NotFound(
                NAME + " is not on the PATH (" + search
                        + "). Install QEMU (Debian, Ubuntu: apt install qemu-system-x86;"
                        + " Fedora: dnf install qemu-system-x86-core; Arch: pacman -S qemu-system-x86),"
                        + " or name the program by " + SETTING,
                null);
    }

    static QemuBinary check(Path path) throws NotFound {
        String output;
        try {
            Process process = new ProcessBuilder(List.of(path.toString(), "--version"))
                    .redirectInput(new File("/dev/null"))
                    .redirectErrorStream(true)
                    .start();
            // Closed or not, a program that prints more than this is no QEMU; one that hangs is ended.
            process.onExit().orTimeout(VERSION_SECONDS, TimeUnit.SECONDS).exceptionally(e -> process.destroyForcibly());
            output = new String(process.getInputStream().readNBytes(4096), StandardCharsets.UTF_8);
            process.destroy();
        } catch (IOException e) {
            throw new NotFound(path + " cannot be run: " + e.getMessage(), e);
        }
        return parse(path, output);
    }

    /** Reads what {@code --version} prints. */
    static QemuBinary parse(Path path, String output) throws NotFound {
        Matcher matcher = VERSION.matcher(output);
        if (!matcher.find()) {
            throw new NotFound(
                    path + " does not tell a version of QEMU, but: '" + output.strip() + "'. Name another program by "
                            + SETTING,
                    null);
        }
        int major = Integer.parseInt(matcher.group(2));
        if (major < OLDEST_MAJOR) {
            throw new NotFound(
                    path + " is QEMU " + matcher.group(1).strip() + ", but " + OLDEST_MAJOR
                            + ".0 or later is needed. Install a newer one, or name it by " + SETTING,
                    null);
        }
        return new QemuBinary(path, matcher.group(1).strip(), major);
    }
}
