package dev.supermachine.engine.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A machine's disks beside the one with its root image: what QEMU is told of them, in their order.
 *
 * @param nodes a block node each, named as {@link #name} says
 * @param overlays what is to be closed once QEMU has opened all of it
 */
record QemuDisks(List<Map<String, Object>> nodes, List<QcowOverlay> overlays) implements AutoCloseable {

    static final QemuDisks NONE = new QemuDisks(List.of(), List.of());

    /** The node, and the serial number that the guest reads. */
    static String name(int volume) {
        return "volume" + volume;
    }

    /** Files that are written to. What counts is what is in them when QEMU has quit, so nothing need be flushed before. */
    static QemuDisks written(List<Path> files) {
        List<Map<String, Object>> nodes = new ArrayList<>();
        for (Path file : files) {
            Map<String, Object> node = node("raw", nodes.size());
            node.put("file", file(file, false));
            nodes.add(node);
        }
        return new QemuDisks(nodes, List.of());
    }

    /**
     * Files that are only read, with an empty one over each that is written to.
     *
     * @throws IOException if these cannot be made
     */
    static QemuDisks over(List<Path> files) throws IOException {
        QemuDisks disks = new QemuDisks(new ArrayList<>(), new ArrayList<>());
        try {
            for (Path file : files) {
                Path directory = Path.of(System.getProperty("java.io.tmpdir"));
                QcowOverlay overlay = QcowOverlay.create(directory, Files.size(file));
                disks.overlays.add(overlay);
                Map<String, Object> below = new LinkedHashMap<>();
                below.put("driver", "raw");
                below.put("read-only", true);
                below.put("file", file(file, true));
                Map<String, Object> node = node("qcow2", disks.nodes.size());
                node.put("file", file(overlay.file(), false));
                node.put("backing", below);
                disks.nodes.add(node);
            }
            return disks;
        } catch (IOException e) {
            disks.closeAfter(e);
            throw e;
        }
    }

    private static Map<String, Object> node(String driver, int volume) {
        Map<String, Object> node = new LinkedHashMap<>();
        node.put("driver", driver);
        node.put("node-name", name(volume));
        node.put("cache", Map.of("no-flush", true));
        return node;
    }

    static Map<String, Object> file(Path path, boolean readOnly) {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("driver", "file");
        file.put("filename", path.toAbsolutePath().toString());
        if (readOnly) {
            file.put("read-only", true);
        } else {
            file.put("cache", Map.of("no-flush", true));
        }
        return file;
    }

    /** An error of the host's disk is one of the guest's; unless told, QEMU would stop the machine when there is no space. */
    static String device(int volume) {
        String name = name(volume);
        return "virtio-blk-device,drive=" + name + ",serial=" + name
                + ",werror=report,rerror=report,discard=off,write-zeroes=off";
    }

    @Override
    public void close() throws IOException {
        for (QcowOverlay overlay : overlays) {
            overlay.close();
        }
    }

    private void closeAfter(IOException failure) {
        try {
            close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
