package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.VolumeSpec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How an annotation writes a volume. */
class VolumeTextTest {

    @ParameterizedTest
    @CsvSource({
        "target/v.img:/v:64M, target/v.img, /v, 67108864",
        "/a:b:/c/d:1G, /a:b, /c/d, 1073741824",
        "v:/v:65536K, v, /v, 67108864",
        "v:/v:67108864, v, /v, 67108864",
        "v:/v:1T, v, /v, 1099511627776"
    })
    void readsHostGuestAndSize(String text, String host, String guest, long size) {
        assertThat(VolumeText.parse(text)).isEqualTo(new VolumeSpec(Path.of(host), guest, size));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "v",
                "v:/v",
                "v:/v:",
                "v:v:64M",
                ":/v:64M",
                "v:/v:M",
                "v:/v:64MB",
                "v:/v:-1",
                "v:/v:9000000000T"
            })
    void refusesAnythingElse(String text) {
        assertThatThrownBy(() -> VolumeText.parse(text))
                .isInstanceOf(ExtensionConfigurationException.class)
                .hasMessage(
                        "@MicroVm(volumes) expects HOST:GUEST:SIZE, a path of this host, an absolute one in the machine"
                                + " and a size such as 64M, but one entry is: '" + text + "'");
    }

    @Test
    void theSizeIsCheckedByTheApi() {
        assertThatThrownBy(() -> VolumeText.parse("v:/v:1M"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("but for v it was: 1048576");
    }
}
