package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.SupermachineException;
import dev.supermachine.text.ForeignText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Words what keeps a file of this host from its place in a guest, with both paths. */
final class ExtraFilesErrors extends LayerErrors {

    private static final int SHOWN = 1000;

    private final ExtraFiles files;

    /**
     * @param bytesBefore how many bytes the image's layers have together
     */
    ExtraFilesErrors(ExtraFiles files, long bytesBefore) {
        super("extra files " + files.digest(), bytesBefore);
        this.files = files;
    }

    static ImageException failure(Path host, String guest, String problem, @Nullable Throwable cause) {
        return new ImageException(
                "The extra file " + shown(host.toString()) + " cannot be put at " + shown(guest) + " in the machine: "
                        + problem,
                cause);
    }

    @Override
    public SupermachineException of(String entry, String problem) {
        String name = new String(entry.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        String guest = "/" + (name.endsWith("/") ? name.substring(0, name.length() - 1) : name);
        return failure(files.hostOf(guest), guest, problem, null);
    }

    @Override
    SupermachineException parentIsNoDirectory(String entry, String parent) {
        return of(
                entry,
                "\"/" + printable(parent)
                        + "\" is not a directory in the image, so nothing can lie in it. Choose another path in the machine.");
    }

    static String shown(String text) {
        return ForeignText.line(text, SHOWN);
    }
}
