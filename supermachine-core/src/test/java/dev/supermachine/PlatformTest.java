package dev.supermachine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {

    @ParameterizedTest
    @CsvSource({
        "linux/amd64, linux/amd64",
        "Linux/X86_64, linux/amd64",
        "linux/x86-64/v1, linux/amd64",
        "linux/amd64/V3, linux/amd64/v3",
        "linux/i386, linux/386",
        "linux/arm64, linux/arm64",
        "linux/arm64/v8, linux/arm64",
        "LINUX/AArch64, linux/arm64",
        "linux/arm64/9, linux/arm64/v9",
        "linux/arm, linux/arm/v7",
        "linux/arm/7, linux/arm/v7",
        "linux/arm/v6, linux/arm/v6",
        "linux/armhf, linux/arm/v7",
        "linux/armel, linux/arm/v6",
        "linux/riscv64, linux/riscv64",
        "windows/amd64, windows/amd64"
    })
    void namesAreReadAsDockerReadsThem(String text, String platform) {
        assertThat(Platform.parse(text)).hasToString(platform);
        assertThat(Platform.parse(text).normalized()).isEqualTo(Platform.parse(platform));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "arm64", "linux/arm64/v8/x"})
    void otherFormsAreRefused(String text) {
        assertThatThrownBy(() -> Platform.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A platform is written os/architecture[/variant], such as linux/amd64, but was: '" + text
                        + "'");
    }

    @Test
    void operatingSystemAndArchitectureAreNeeded() {
        assertThatThrownBy(() -> Platform.parse("linux/"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A platform needs an operating system and an architecture, but was: [linux, , ]");
    }
}
