package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the disks of a machine are kept in.
 *
 * @param root the root image, read-only
 * @param volumes those that the guest writes to
 */
record Disks(FileBlockStore root, List<BlockStore> volumes) implements AutoCloseable {

    /** Opens all of them: for a machine that is booted to be written to, for one that is restored as what lies below its own. */
    static Disks open(MachineShape shape, boolean restored) throws IOException {
        List<BlockStore> volumes = new ArrayList<>();
        try {
            for (Path file : shape.volumes()) {
                volumes.add(restored ? overlay(file) : FileBlockStore.openWritable(file));
            }
            return new Disks(FileBlockStore.open(shape.rootImage()), List.copyOf(volumes));
        } catch (IOException | RuntimeException | Error e) {
            volumes.forEach(volume -> Closing.closeAfter(e, volume));
            throw e;
        }
    }

    /** As large as the disk, so that a guest can write to all of it. */
    private static BlockStore overlay(Path file) throws IOException {
        return Closing.orClose(
                FileBlockStore.open(file),
                base -> OverlayBlockStore.over(
                        base, Path.of(System.getProperty("java.io.tmpdir")), base.size() + OverlayBlockStore.BLOCK));
    }

    /** What a disk holds, in a new sparse file; nobody writes to it meanwhile. */
    void copyVolume(int index, Path target) throws IOException {
        DiskCopy.write(volumes.get(index), target);
    }

    @Override
    public void close() {
        List<AutoCloseable> all = new ArrayList<>(volumes);
        all.add(root);
        Closing.closeAll(all);
    }
}
