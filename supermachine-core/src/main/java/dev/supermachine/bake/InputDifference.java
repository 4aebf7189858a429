package dev.supermachine.bake;

import dev.supermachine.json.JsonWriter;
import dev.supermachine.text.ForeignText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * An input in which a snapshot differs from what is wanted.
 *
 * @param input its name in the manifest
 * @param there its texts in the snapshot, as {@link BakeInputs#told}
 * @param wanted its texts in what is wanted
 * @param words for people, such as {@code cmd changed: ["a"] -> ["b"]}; of environment variables with digests, never values
 * @since 0.1
 */
public record InputDifference(String input, List<String> there, List<String> wanted, String words) {

    private static final int MOST_CHARACTERS = 300;

    /** Enough of {@code hmac-sha256:} and 64 digits to tell two apart. */
    private static final int DIGEST_CHARACTERS = 20;

    /** Takes copies. */
    public InputDifference {
        there = List.copyOf(there);
        wanted = List.copyOf(wanted);
    }

    /**
     * The inputs that differ.
     *
     * @param there all inputs of a snapshot, as its manifest has them
     * @param wanted those of what is wanted
     * @return in the order of the encoding; what a snapshot does not tell of counts as empty
     */
    static List<InputDifference> between(Map<String, List<String>> there, Map<String, List<String>> wanted) {
        List<InputDifference> differences = new ArrayList<>();
        for (BakeInput input : BakeInput.values()) {
            List<String> was = there.getOrDefault(input.key(), List.of());
            List<String> is = wanted.getOrDefault(input.key(), List.of());
            if (!was.equals(is)) {
                differences.add(new InputDifference(
                        input.key(), was, is, input.words() + " changed: " + change(input, was, is)));
            }
        }
        return differences;
    }

    private static String change(BakeInput input, List<String> was, List<String> is) {
        return switch (input.form()) {
            case TEXT -> shown(String.join("", was), "none") + " -> " + shown(String.join("", is), "none");
            case WORDS -> words(was) + " -> " + words(is);
            case CONDITION -> condition(was, is);
            case VARIABLES -> variables(named(was), named(is));
        };
    }

    private static String shown(String text, String empty) {
        return text.isEmpty() ? empty : ForeignText.line(text, MOST_CHARACTERS);
    }

    private static String words(List<String> texts) {
        return texts.isEmpty() ? "none of its own" : shown(JsonWriter.compact(texts), "");
    }

    /** The texts for people, or where they are the same, what they stand for. */
    private static String condition(List<String> was, List<String> is) {
        String before = was.isEmpty() ? "" : was.get(0);
        String now = is.isEmpty() ? "" : is.get(0);
        return before.equals(now)
                ? words(was) + " -> " + words(is)
                : shown(before, "before the workload") + " -> " + shown(now, "before the workload");
    }

    private static String variables(Map<String, String> was, Map<String, String> is) {
        TreeSet<String> names = new TreeSet<>(was.keySet());
        names.addAll(is.keySet());
        return names.stream()
                .filter(name -> !was.getOrDefault(name, "").equals(is.getOrDefault(name, "")))
                .map(name -> shown(name, "''") + fate(was.getOrDefault(name, ""), is.getOrDefault(name, "")))
                .collect(Collectors.joining(", "));
    }

    private static String fate(String was, String is) {
        if (was.isEmpty()) {
            return " is new";
        }
        return is.isEmpty()
                ? " is gone"
                : " has another value (" + ForeignText.line(was, DIGEST_CHARACTERS) + " -> "
                        + ForeignText.line(is, DIGEST_CHARACTERS) + ")";
    }

    private static Map<String, String> named(List<String> variables) {
        Map<String, String> named = new LinkedHashMap<>();
        for (String variable : variables) {
            int equals = variable.lastIndexOf('=');
            named.put(variable.substring(0, Math.max(0, equals)), variable.substring(equals + 1));
        }
        return named;
    }
}
