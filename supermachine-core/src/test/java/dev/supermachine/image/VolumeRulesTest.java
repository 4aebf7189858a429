package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.VolumeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which volumes the builder refuses at once. */
class VolumeRulesTest {

    private static final VolumeSpec DATA = volume("a.img", "/srv/data");

    private static VolumeSpec volume(String host, String guest) {
        return VolumeSpec.of(Path.of(host), guest).withSizeBytes(64 << 20);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "relative | it is not absolute.",
                "/ | the root itself cannot be replaced.",
                "/a/../b | it has '..' in it.",
                "/a/ | it has an empty name in it.",
                "/proc | the guest has a file system of its own at /proc.",
                "/sys/fs | the guest has a file system of its own at /sys.",
                "/dev/shm | the guest has a file system of its own at /dev.",
                "/etc | the guest writes its own files there. Take a directory in it.",
                "/srv/data | another volume is mounted at /srv/data, and none can lie in another.",
                "/srv/data/more | another volume is mounted at /srv/data, and none can lie in another.",
                "/srv | another volume is mounted at /srv/data, and none can lie in another."
            })
    void pathsThatCannotBe(String guest, String why) {
        refused(
                volume("b.img", guest),
                List.of(DATA),
                "A volume cannot be mounted at '" + guest + "' in the machine: " + why);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/srv/data2", "/srv/dat", "/etc/app", "/device", "/run/x", "/home"})
    void pathsThatCan(String guest) {
        VolumeSpec volume = volume("b.img", guest);
        assertThat(VolumeRules.checked(volume, List.of(DATA))).isSameAs(volume);
    }

    @Test
    void oneFileIsOneVolume() {
        refused(
                volume("x/../a.img", "/other"),
                List.of(DATA),
                "A volume cannot be mounted at '/other' in the machine: its file "
                        + Path.of("a.img").toAbsolutePath()
                        + " is that of the volume at /srv/data. Give each a file of its own.");
    }

    @Test
    void aSizeIsNeeded() {
        refused(
                VolumeSpec.of(Path.of("b.img"), "/b"),
                List.of(),
                "A volume cannot be mounted at '/b' in the machine: it has no size. Give one with withSizeBytes.");
    }

    @Test
    void eightAreEnough() {
        List<VolumeSpec> volumes = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            volumes.add(VolumeRules.checked(volume(i + ".img", "/v" + i), volumes));
        }
        refused(
                volume("8.img", "/v8"),
                volumes,
                "A volume cannot be mounted at '/v8' in the machine: a machine has at most 8 volumes.");
    }

    private static void refused(VolumeSpec volume, List<VolumeSpec> before, String message) {
        assertThatThrownBy(() -> VolumeRules.checked(volume, before))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
