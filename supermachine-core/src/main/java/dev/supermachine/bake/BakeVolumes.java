package dev.supermachine.bake;

import dev.supermachine.BakeException;
import dev.supermachine.VolumeSpec;
import dev.supermachine.guest.VolumeMount;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.snapshot.BakeWorkspace;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotManifest;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.snapshot.SnapshotVolume;
import dev.supermachine.volume.VolumeFile;
import dev.supermachine.volume.VolumeLocks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The volumes of a bake: what their files are before it, as the fingerprint has it, and what they are after it. Used once, by one thread.
 *
 * <p>A bake changes the files that it begins with. So that the next build with the same inputs finds its snapshot, what counts of a file is not what is in it but what was
 * in it before the bake, as long as it is still as that bake has left it.
 */
final class BakeVolumes implements AutoCloseable {

    private final String name;
    private final List<VolumeFile> files;
    private final VolumeLocks locks = new VolumeLocks();

    /** What the bake begins with, or has begun with. */
    private List<String> seeds;

    private BakeVolumes(String name, List<VolumeFile> files) {
        this.name = name;
        this.files = files;
        this.seeds = contents(files);
    }

    /**
     * Reads the files.
     *
     * @throws BakeException if one of them cannot be a volume
     */
    static BakeVolumes read(BakeRequest request) {
        return new BakeVolumes(request.name(), read(request.volumes()));
    }

    private static List<VolumeFile> read(List<VolumeSpec> specs) {
        return specs.stream().map(VolumeFile::read).toList();
    }

    private static List<String> contents(List<VolumeFile> files) {
        return files.stream().map(VolumeFile::content).toList();
    }

    /**
     * The inputs with the volumes, as a snapshot that has left the files as they are has them; else with the files as they are.
     *
     * @param without all other inputs
     */
    BakeInputs complete(BakeInputs without, SnapshotStore store) {
        if (files.isEmpty()) {
            return without;
        }
        for (SnapshotManifest manifest : store.manifests()) {
            List<String> before = manifest.details().volumes().stream()
                    .map(SnapshotVolume::seed)
                    .toList();
            if (before.size() == files.size()
                    && without.withVolumes(texts(before)).fingerprint().equals(manifest.fingerprint())
                    && isAsLeftBy(manifest, before)) {
                seeds = before;
                break;
            }
        }
        return without.withVolumes(texts(seeds));
    }

    /** A file that is missing is as it was before a bake that has made it. */
    private boolean isAsLeftBy(SnapshotManifest manifest, List<String> before) {
        for (int i = 0; i < files.size(); i++) {
            String now = files.get(i).content();
            if (!now.equals(manifest.volumeHash(i)) && !now.equals(before.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** As {@link BakeInputs#volumes()}. */
    private List<String> texts(List<String> before) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            VolumeSpec spec = files.get(i).spec();
            texts.add(spec.hostPath().toAbsolutePath().normalize().toString());
            texts.add(spec.guestPath());
            texts.add(Long.toString(spec.sizeBytes()));
            texts.add(before.get(i));
        }
        return texts;
    }

    /** For the manifest. */
    List<SnapshotVolume> described() {
        List<SnapshotVolume> volumes = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            VolumeSpec spec = files.get(i).spec();
            volumes.add(new SnapshotVolume(spec.guestPath(), spec.sizeBytes(), seeds.get(i)));
        }
        return volumes;
    }

    /** What the agent is told. */
    List<VolumeMount> mounts() {
        return files.stream()
                .map(file -> new VolumeMount(file.spec().guestPath(), file.isNew()))
                .toList();
    }

    /**
     * Locks the files until this is closed, and makes the disks that the machine writes to.
     *
     * @return the disks
     * @throws ChangedException if the files are not what the fingerprint has of them any more
     * @throws BakeException if another bake has one of them
     */
    List<Path> begin(BakeWorkspace workspace) throws IOException {
        locks.acquire(files, name);
        List<VolumeFile> now = read(files.stream().map(VolumeFile::spec).toList());
        if (!contents(now).equals(seeds)) {
            throw new ChangedException("The files of the volumes of '" + name + "' were changed by somebody else"
                    + " while the bake was prepared, several times in a row. Let one at a time write to them.");
        }
        List<Path> disks = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            disks.add(workspace.volume(i));
            files.get(i).copyTo(disks.get(i));
        }
        return disks;
    }

    /**
     * Puts what the bake has left into the files, unless that is in them, or they are another's now.
     *
     * @throws BakeException if one cannot be written
     */
    void finish(Snapshot snapshot) {
        for (int i = 0; i < files.size(); i++) {
            VolumeFile file = files.get(i);
            try {
                if (!file.content().equals(snapshot.manifest().volumeHash(i)) && isOurs(file, seeds.get(i))) {
                    file.replaceBy(snapshot.volumes().get(i));
                }
            } catch (IOException e) {
                throw new BakeException(
                        "The snapshot of '" + name + "' is made, but what the bake has left in its volume at "
                                + file.spec().guestPath() + " cannot be written to " + file.file() + ": "
                                + StoreTrouble.reason(e)
                                + ". The snapshot is used all the same, and the next build tries it again.",
                        e);
            }
        }
    }

    /** Who has the lock, if not this bake, writes the file himself. */
    private boolean isOurs(VolumeFile file, String before) {
        return locks.holds(file)
                || (locks.tryAcquire(file, name)
                        && VolumeFile.read(file.spec()).content().equals(before));
    }

    @Override
    public void close() {
        locks.close();
    }

    /** The files are others than those that the fingerprint was made of. */
    static final class ChangedException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        ChangedException(String message) {
            super(message);
        }
    }
}
