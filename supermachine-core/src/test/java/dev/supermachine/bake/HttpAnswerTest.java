package dev.supermachine.bake;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is taken for an answer over HTTP, byte by byte. */
class HttpAnswerTest {

    @Test
    void aWholeAnswerHasStatusAndBody() {
        HttpAnswer answer = of("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nUP");
        assertThat(answer.status()).contains(200);
        assertThat(answer.body()).isEqualTo("UP");
        assertThat(answer.headComplete()).isTrue();
        assertThat(answer.complete()).isTrue();
        assertThat(answer.describe()).isEqualTo("was answered with 'HTTP/1.1 200 OK' and a body that begins with: UP");
    }

    @Test
    void itComesBitByBit() {
        String whole = "HTTP/1.1 503 Busy\r\ncontent-length:2\r\n\r\nno";
        for (int length = 0; length < whole.length(); length++) {
            HttpAnswer part = of(whole.substring(0, length));
            assertThat(part.broken()).as("the first %s bytes", length).isFalse();
            assertThat(part.complete()).as("the first %s bytes", length).isFalse();
            assertThat(part.headComplete()).isEqualTo(length >= whole.indexOf("\r\n\r\n") + 4);
        }
        assertThat(of("").describe()).isEqualTo("connected, but nothing was answered");
        assertThat(of("HTTP/1.1 503 Busy\r\nX: y").describe())
                .isEqualTo("was answered with 'HTTP/1.1 503 Busy', but the head has no end");
    }

    @Test
    void interimAnswersAreNotTheAnswer() {
        String interim = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
        assertThat(of(interim).headComplete()).isFalse();
        assertThat(of(interim).broken()).isFalse();
        assertThat(of(interim + "HTTP/1.1 100 Continue\r\n\r\n" + "HTTP/1.1 204 No Content\r\n\r\n")
                        .status())
                .contains(204);
    }

    @Test
    void aBodyWithoutALengthEndsWithTheConnection() {
        HttpAnswer answer = of("HTTP/1.0 200 OK\r\n\r\nsome");
        assertThat(answer.headComplete()).isTrue();
        assertThat(answer.complete()).isFalse();
        assertThat(of("HTTP/1.0 200 OK\r\n\r\n").describe())
                .isEqualTo("was answered with 'HTTP/1.0 200 OK' and an empty body");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200\r\n\r\n",
                "HTTP/1.1 200 \r\n\r\n",
                "HTTP/1.0 200 OK\r\n\r\n",
                "HTTP/1.1 200 \u00dcber alles\r\n\r\n"
            })
    void statusLinesThatAreWellFormed(String text) {
        assertThat(HttpAnswer.of(text.getBytes(ISO_8859_1)).status()).contains(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/2 200 OK\r\n\r\n",
                "HTTP/1.1  200 OK\r\n\r\n",
                "HTTP/1.1 2000 OK\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n",
                "HTTP/1.1 600 OK\r\n\r\n",
                "HTTP/1.1 200OK\r\n\r\n",
                "HTTP/1.1 200 O\nK\r\n\r\n",
                "http/1.1 200 OK\r\n\r\n",
                " HTTP/1.1 200 OK\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2p1\r\n",
                "-ERR\r\n",
                "S"
            })
    void statusLinesThatAreNot(String text) {
        HttpAnswer answer = of(text);
        assertThat(answer.broken()).isTrue();
        assertThat(answer.status()).isEmpty();
        assertThat(answer.describe()).startsWith("was answered by something else than HTTP: '");
    }

    @Test
    void whatIsShownIsShortAndPrintable() {
        assertThat(of("HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(1000)).describe())
                .endsWith("x".repeat(300) + "…")
                .doesNotContain("x".repeat(301));
        assertThat(of("\0\u001b[2J\r\n").describe()).isEqualTo("was answered by something else than HTTP: '??[2J'");
        assertThat(of("HTTP/1.1 200 OK\r\n\r\na\u202eb\u009bc").describe()).endsWith("begins with: a?b?c");
        assertThat(of("HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(299) + "\ud83d\ude00y")
                        .describe())
                .endsWith("x\ud83d\ude00…");
    }

    @Test
    void anyNumberOfInterimAnswersMayCome() {
        String interim = "HTTP/1.1 100\r\n\r\n".repeat(4000);
        assertThat(of(interim + "HTTP/1.1 204\r\n\r\n").status()).contains(204);
        assertThat(of(interim).describe()).isEqualTo("connected, but nothing was answered");
    }

    @Test
    void aLengthInsideOfAValueIsNone() {
        byte[] answer = "HTTP/1.1 200 OK\r\nX: y\u0085Content-Length: 2\r\n\r\nUP".getBytes(ISO_8859_1);
        assertThat(HttpAnswer.of(answer).complete()).isFalse();
    }

    private static HttpAnswer of(String text) {
        return HttpAnswer.of(text.getBytes(UTF_8));
    }
}
