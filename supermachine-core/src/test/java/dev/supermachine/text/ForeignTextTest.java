package dev.supermachine.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ForeignTextTest {

    private static final int LIMIT = 20;

    @Test
    void visibleTextStaysAsItIs() {
        assertThat(ForeignText.line("größe 5 日本 \uD83D\uDE00", LIMIT)).isEqualTo("größe 5 日本 \uD83D\uDE00");
    }

    @Test
    void whatSteersATerminalOrForgesALineIsReplaced() {
        assertThat(ForeignText.line("a\u001b[2Jb\r\nc\u009b1md\u007f", LIMIT)).isEqualTo("a?[2Jb??c?1md?");
        assertThat(ForeignText.line("a\u2028b\u2029c", LIMIT)).isEqualTo("a?b?c");
    }

    @Test
    void whatTurnsOrHidesTextIsReplaced() {
        assertThat(ForeignText.line("exe\u202etxt\u00ad\u200d\ufeff", LIMIT)).isEqualTo("exe?txt???");
    }

    @Test
    void halvesOfCharactersAreReplaced() {
        assertThat(ForeignText.line("a\uD83Db\uDE00", LIMIT)).isEqualTo("a?b?");
    }

    @Test
    void longTextIsCutBetweenCharacters() {
        assertThat(ForeignText.line("12345", 5)).isEqualTo("12345");
        assertThat(ForeignText.line("123456", 5)).isEqualTo("12345...");
        assertThat(ForeignText.line("1234\uD83D\uDE00" + "6", 5)).isEqualTo("1234\uD83D\uDE00...");
    }

    @Test
    void severalLinesKeepTheirLineFeedsAndTabs() {
        assertThat(ForeignText.lines("a\r\r\n\tb\r\u001bc")).isEqualTo("a\n\tb??c");
        assertThat(ForeignText.line("a\n\tb", LIMIT)).isEqualTo("a??b");
    }
}
