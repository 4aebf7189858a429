package dev.supermachine.bake;

import dev.supermachine.Platform;
import dev.supermachine.Wait;
import dev.supermachine.snapshot.EnvironmentDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The inputs of a bake, one a line, in the order in which they are hashed: the name of each in the encoding and in the manifest, what people call it, and its
 * value. Whoever adds a component to {@link BakeInputs} adds a line here; a test fails until then.
 */
enum BakeInput {
    IMAGE_DIGEST("imageDigest", "image", Form.TEXT, BakeInputs::imageDigest),
    PLATFORM("platform", "platform", Form.TEXT, BakeInputs::platform),
    COMMAND("command", "cmd", Form.WORDS, BakeInputs::command),
    ENVIRONMENT("environment", "env", Form.VARIABLES, BakeInputs::environment),
    MEMORY("memoryMib", "memory in MiB", Form.TEXT, BakeInputs::memoryMib),
    VCPUS("vcpus", "number of virtual CPUs", Form.TEXT, BakeInputs::vcpus),
    GUEST_PORT("guestPort", "guest port", Form.TEXT, BakeInputs::guestPort),
    READINESS("readiness", "wait", Form.CONDITION, BakeInputs::readiness),
    KERNEL("kernelFingerprint", "guest kernel", Form.TEXT, BakeInputs::kernelFingerprint),
    AGENT("agentFingerprint", "guest agent", Form.TEXT, BakeInputs::agentFingerprint),
    EMULATOR("emulator", "emulator of the image's platform", Form.TEXT, BakeInputs::emulator),
    KERNEL_ARGUMENTS("kernelArguments", "kernel arguments", Form.WORDS, BakeInputs::kernelArguments),
    EXTRA_FILES("extraFiles", "content of the extra files", Form.TEXT, BakeInputs::extraFiles),
    VOLUMES("volumes", "volumes", Form.WORDS, BakeInputs::volumes),
    WARMUP("warmup", "warm-up", Form.WORDS, BakeInputs::warmup),
    ENGINE("engineId", "engine", Form.TEXT, BakeInputs::engineId),
    ENGINE_IDENTITY("engineIdentity", "engine's identity", Form.TEXT, BakeInputs::engineIdentity),
    FORMAT("formatVersion", "format of snapshots", Form.TEXT, BakeInputs::formatVersion);

    /** How the texts of an input are to be read. */
    enum Form {
        /** One text, which may be empty. */
        TEXT,
        /** Any number of texts. */
        WORDS,
        /** A text for people, and what it stands for; nothing without a condition. */
        CONDITION,
        /** A name, an equals sign and a digest each. */
        VARIABLES
    }

    private final String key;
    private final String words;
    private final Form form;

    @SuppressWarnings("ImmutableEnumChecker") // references to accessors, which hold nothing
    private final Function<BakeInputs, Object> value;

    BakeInput(String key, String words, Form form, Function<BakeInputs, Object> value) {
        this.key = key;
        this.words = words;
        this.form = form;
        this.value = value;
    }

    /** How its texts are to be read. */
    Form form() {
        return form;
    }

    /** Its name in the encoding and in the manifest. */
    String key() {
        return key;
    }

    /** What people call it. */
    String words() {
        return words;
    }

    /** Adds its value to what is hashed. */
    void encode(BakeInputs inputs, CanonicalEncoder encoder) {
        Object found = value.apply(inputs);
        if (found instanceof Integer number) {
            encoder.number(key, number);
        } else if (found instanceof Map<?, ?> map) {
            encoder.map(key, strings(map));
        } else if (found instanceof List<?> || found instanceof Optional<?>) {
            encoder.list(key, texts(found));
        } else {
            encoder.string(key, texts(found).get(0));
        }
    }

    /**
     * Its value as texts that differ whenever the values do. Of a condition the first is for people; of variables there are names and digests only.
     *
     * @param digest stands for the values of variables
     */
    List<String> told(BakeInputs inputs, EnvironmentDigest digest) {
        Object found = value.apply(inputs);
        if (found instanceof Map<?, ?> map) {
            return new TreeMap<>(digest.of(strings(map)))
                    .entrySet().stream()
                            .map(variable -> variable.getKey() + "=" + variable.getValue())
                            .toList();
        }
        if (found instanceof Optional<?> wait) {
            List<String> texts = new ArrayList<>();
            wait.ifPresent(condition -> texts.add(condition.toString()));
            texts.addAll(texts(found));
            return List.copyOf(texts);
        }
        return texts(found);
    }

    /** For a report without a digest: variables by name. */
    String shown(BakeInputs inputs) {
        Object found = value.apply(inputs);
        if (found instanceof Map<?, ?> map) {
            return strings(map).keySet().toString();
        }
        return found instanceof Optional<?> wait
                ? wait.map(Object::toString).orElse("before the workload")
                : found.toString();
    }

    private static Map<String, String> strings(Map<?, ?> map) {
        Map<String, String> strings = new TreeMap<>();
        map.forEach((name, text) -> strings.put((String) name, (String) text));
        return strings;
    }

    private static List<String> texts(Object found) {
        if (found instanceof Optional<?> wait) {
            return ReadinessWords.of(wait.map(Wait.class::cast));
        }
        if (found instanceof List<?> list) {
            return list.stream().map(String::valueOf).toList();
        }
        return List.of(found instanceof Platform platform ? platform.toString() : String.valueOf(found));
    }
}
