package dev.supermachine.image;

import dev.supermachine.VolumeSpec;
import java.nio.file.Path;
import java.util.List;

/** Checks volumes as soon as they are given. What is on this host is looked at when the image is built. */
final class VolumeRules {

    private static final int MOST = 8;

    /** Where the guest has file systems of its own, with all that is in them. */
    private static final List<String> TREES = List.of("/dev", "/proc", "/sys");

    private VolumeRules() {}

    /**
     * Checks one.
     *
     * @param before those that were given before it
     * @return the volume
     */
    static VolumeSpec checked(VolumeSpec volume, List<VolumeSpec> before) {
        String guest = GuestValues.path("A volume cannot be mounted", volume.guestPath());
        for (String tree : TREES) {
            if (isIn(guest, tree)) {
                throw wrong(guest, "the guest has a file system of its own at " + tree + ".");
            }
        }
        if (guest.equals("/etc")) {
            throw wrong(guest, "the guest writes its own files there. Take a directory in it.");
        }
        if (volume.sizeBytes() == 0) {
            throw wrong(guest, "it has no size. Give one with withSizeBytes.");
        }
        if (before.size() == MOST) {
            throw wrong(guest, "a machine has at most " + MOST + " volumes.");
        }
        before.forEach(other -> compare(volume, other));
        return volume;
    }

    private static void compare(VolumeSpec volume, VolumeSpec other) {
        String guest = volume.guestPath();
        if (isIn(guest, other.guestPath()) || isIn(other.guestPath(), guest)) {
            throw wrong(
                    guest,
                    "another volume is mounted at " + GuestValues.visible(other.guestPath())
                            + ", and none can lie in another.");
        }
        if (file(volume).equals(file(other))) {
            throw wrong(
                    guest,
                    "its file " + file(volume) + " is that of the volume at " + GuestValues.visible(other.guestPath())
                            + ". Give each a file of its own.");
        }
    }

    private static Path file(VolumeSpec volume) {
        return volume.hostPath().toAbsolutePath().normalize();
    }

    private static boolean isIn(String path, String tree) {
        return path.equals(tree) || path.startsWith(tree + "/");
    }

    private static IllegalArgumentException wrong(String guest, String why) {
        return new IllegalArgumentException(
                "A volume cannot be mounted at '" + GuestValues.visible(guest) + "' in the machine: " + why);
    }
}
