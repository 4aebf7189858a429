package dev.supermachine.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is JSON (RFC 8259), and how foreign text appears when it is not what was asked for. */
class JsonDocumentTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{a: 1}",
                "{'a': 1}",
                "{\"a\": 1,}",
                "{\"a\" = 1}",
                "{\"a\": 1} {}",
                "{\"a\": 1}x",
                "{\"a\": x}",
                "{\"a\": 01}",
                "{\"a\": NaN}",
                "{\"a\": TRUE}",
                "{\"a\": \"\n\"}",
                "{\"a\": \"\\'\"}",
                "// c\n{}",
                ")]}'\n{}",
                "\u0000\u0000"
            })
    void whatOnlySomeParsersTakeIsNoJson(String text) {
        assertThatThrownBy(() -> JsonDocument.parse(text))
                .isInstanceOf(JsonFormatException.class)
                .hasMessageStartingWith("not JSON: ");
    }

    @Test
    void whatIsJsonIsRead() throws JsonFormatException {
        JsonDocument json = JsonDocument.parse(" {\"a\": \"\\u00e9\\n\", \"b\": -1e2, \"c\": [null, true]}\n\t\r ");
        assertThat(json.string("a")).isEqualTo("é\n");
        assertThat(json.integer("b")).isEqualTo(-100);
    }

    @Test
    void namesOfMembersCannotForgeALine() {
        assertThatThrownBy(() -> JsonDocument.parse("{\"a\\n\\u001b[2J\": {\"b\": 1}}")
                        .object("a\n\u001b[2J")
                        .string("b"))
                .isInstanceOf(JsonFormatException.class)
                .hasMessage("a??[2J.b: expected a string, but found 1");
    }

    @Test
    void aValueThatMakesNoSenseIsNamedWithItsPath() throws JsonFormatException {
        JsonDocument json = JsonDocument.parse("{\"a\": {\"b\": -1}}").object("a");
        assertThat(json.malformed("b", "a positive number"))
                .hasMessage("a.b: expected a positive number, but found -1");
        assertThat(json.malformed("c", "a number")).hasMessage("a.c: expected a number, but found nothing");
    }
}
