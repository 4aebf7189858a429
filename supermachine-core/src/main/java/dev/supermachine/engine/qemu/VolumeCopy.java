package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Deadline;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Has QEMU copy what a disk of a paused machine holds: what is below and what was written over it, as one file. */
final class VolumeCopy {

    private static final Duration DEADLINE = Duration.ofMinutes(10);

    private VolumeCopy() {}

    /**
     * Copies.
     *
     * @param node the disk's
     * @param target is made, mode 0600, with holes for zeros
     */
    static void write(QemuProcess qemu, String node, Path target) throws IOException {
        makeFile(target, size(qemu, node));
        String copy = node + "-copy";
        Map<String, Object> to = new LinkedHashMap<>();
        to.put("driver", "raw");
        to.put("node-name", copy);
        to.put("discard", "unmap");
        to.put("detect-zeroes", "unmap");
        Map<String, Object> file = QemuDisks.file(target, false);
        file.put("discard", "unmap");
        to.put("file", file);
        qemu.command("blockdev-add", to);
        try {
            qemu.command("blockdev-backup", Map.of("job-id", copy, "device", node, "target", copy, "sync", "full"));
            JsonDocument end = qemu.monitor()
                    .awaitEvent(
                            "BLOCK_JOB_COMPLETED", data -> text(data, "device").equals(copy), Deadline.in(DEADLINE));
            if (end.has("error")) {
                throw new IOException("QEMU reports: " + text(end, "error"));
            }
        } finally {
            qemu.command("blockdev-del", Map.of("node-name", copy));
        }
    }

    /** QEMU copies into a file of the same size only. */
    private static void makeFile(Path target, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(
                target,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            channel.write(ByteBuffer.allocate(1), size - 1);
        }
    }

    private static long size(QemuProcess qemu, String node) throws IOException {
        JsonDocument answer = qemu.monitor().execute("query-named-block-nodes", Map.of("flat", true));
        try {
            for (JsonDocument each : answer.objects("return")) {
                if (text(each, "node-name").equals(node)) {
                    return each.object("image").integer("virtual-size");
                }
            }
        } catch (JsonFormatException e) {
            throw new IOException("QEMU's list of disks has another form: " + e.getMessage(), e);
        }
        throw new IOException("the machine has no disk of this number");
    }

    private static String text(JsonDocument json, String member) {
        try {
            return json.optionalString(member).orElse("");
        } catch (JsonFormatException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
