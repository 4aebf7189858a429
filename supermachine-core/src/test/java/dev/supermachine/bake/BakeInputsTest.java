package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Platform;
import dev.supermachine.Wait;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.EnvironmentDigest;
import dev.supermachine.snapshot.SnapshotManifest;
import dev.supermachine.snapshot.SnapshotStore;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BakeInputsTest {

    private static BakeInputs sample() {
        return BakeInputs.builder()
                .image("sha256:" + "1".repeat(64), Platform.LINUX_AMD64)
                .command(List.of("postgres", "-c", "fsync=off"))
                .environment(Map.of("POSTGRES_PASSWORD", "secret", "TZ", "UTC"))
                .machine(512, 1)
                .guestPort(5432)
                .readiness(Optional.of(Wait.all(
                        Wait.forListener(5432),
                        Wait.forCommand("pg_isready", "-q").withTimeout(Duration.ofSeconds(20)))))
                .guest("2".repeat(64), "3".repeat(64), List.of("quiet"))
                .emulator("5".repeat(64))
                .extraFiles("sha256:" + "4".repeat(64))
                .warmup(List.of("tag", "1"))
                .engine("qemu-tcg", "QEMU 7.2.0")
                .build()
                .withVolumes(List.of("/host/data.img", "/data", "67108864", "sha256:" + "5".repeat(64)));
    }

    /** One for each component of each kind of condition, changed alone, and those that differ only in how they are nested. */
    private static final List<Object> WAITS = Stream.of(
                    Wait.forListener(),
                    Wait.forListener(80),
                    Wait.forListener(80, 81),
                    Wait.forListener(80).withTimeout(Duration.ofSeconds(1)),
                    Wait.forListener(80).withTimeout(Duration.ofSeconds(2)),
                    Wait.forLog("80"),
                    Wait.forLog("80", 2),
                    Wait.forLog("81"),
                    Wait.forLog("80").withTimeout(Duration.ofSeconds(1)),
                    Wait.forCommand("80"),
                    Wait.forCommand("80", ""),
                    Wait.forCommand("80").withExitCode(1),
                    Wait.forCommand("80").withTimeout(Duration.ofSeconds(1)),
                    Wait.forHttp("/"),
                    Wait.forHttp("/80"),
                    Wait.forHttp("/").onPort(80),
                    Wait.forHttp("/").withStatus(204),
                    Wait.forHttp("/").withBody(""),
                    Wait.forHttp("/").withBody("1"),
                    Wait.forHttp("/").withTimeout(Duration.ofSeconds(1)),
                    Wait.forHealthcheck(),
                    Wait.forHealthcheck().withTimeout(Duration.ofSeconds(1)),
                    Wait.all(Wait.forListener()),
                    Wait.any(Wait.forListener()),
                    Wait.all(Wait.forListener()).withTimeout(Duration.ofSeconds(1)),
                    Wait.any(Wait.forListener()).withTimeout(Duration.ofSeconds(1)),
                    Wait.all(Wait.forListener(), Wait.forHealthcheck()),
                    Wait.all(Wait.forHealthcheck(), Wait.forListener()),
                    Wait.all(Wait.all(Wait.forListener()), Wait.forHealthcheck()),
                    Wait.all(Wait.all(Wait.forListener(), Wait.forHealthcheck())))
            .<Object>map(Optional::of)
            .toList();

    /** Whoever adds a component to a condition adds one that differs in it alone to the list. */
    @Test
    void everyComponentOfEveryKindOfConditionIsAmongTheOthers() {
        assertThat(Arrays.stream(Wait.class.getPermittedSubclasses())
                        .collect(Collectors.toMap(Class::getSimpleName, BakeInputsTest::componentNames)))
                .isEqualTo(Map.of(
                        "Listener", List.of("ports", "timeout"),
                        "Log", List.of("regex", "times", "timeout"),
                        "Command", List.of("argv", "exitCode", "timeout"),
                        "Http", List.of("path", "port", "status", "body", "timeout"),
                        "Healthcheck", List.of("timeout"),
                        "All", List.of("waits", "timeout"),
                        "Any", List.of("waits", "timeout")));
    }

    private static List<String> componentNames(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getName)
                .toList();
    }

    private static Object shown(Object value) {
        if (value instanceof Optional<?> wait) {
            return ReadinessWords.of(wait.map(Wait.class::cast));
        }
        return value instanceof Platform ? value.toString() : value;
    }

    static List<RecordComponent> components() {
        return List.of(BakeInputs.class.getRecordComponents());
    }

    private static Object[] valuesOf(BakeInputs inputs) throws ReflectiveOperationException {
        List<Object> values = new ArrayList<>();
        for (RecordComponent component : components()) {
            values.add(component.getAccessor().invoke(inputs));
        }
        return values.toArray();
    }

    private static BakeInputs of(Object... values) throws ReflectiveOperationException {
        Constructor<BakeInputs> constructor = BakeInputs.class.getDeclaredConstructor(
                components().stream().map(RecordComponent::getType).toArray(Class<?>[]::new));
        return constructor.newInstance(values);
    }

    /** Other values of the same type. A component of a new type must be added here. */
    private static List<Object> others(Object value) {
        if (value instanceof String text) {
            return List.of(text + "x", text + " ", "x" + text, text.substring(1));
        }
        if (value instanceof Integer number) {
            return List.of(number + 1, 255 - number % 100);
        }
        if (value instanceof Optional<?>) {
            return WAITS;
        }
        if (value instanceof Platform) {
            return List.of(Platform.parse("linux/arm64"), Platform.parse("linux/amd64/v3"));
        }
        if (value instanceof List<?> words) {
            List<Object> reversed = new ArrayList<>(words);
            reversed.add("more");
            List<Object> joined = List.of(String.join(" ", words.toArray(String[]::new)), "");
            return List.of(List.of(), reversed, joined, List.of("", ""));
        }
        if (value instanceof Map<?, ?>) {
            return List.of(
                    Map.of(),
                    Map.of("POSTGRES_PASSWORD", "other", "TZ", "UTC"),
                    Map.of("POSTGRES_PASSWORD", "UTC", "TZ", "secret"),
                    Map.of("POSTGRES_PASSWOR", "Dsecret", "TZ", "UTC"),
                    Map.of("POSTGRES_PASSWORD", "secret"));
        }
        throw new AssertionError("No other values are known for " + value.getClass());
    }

    @ParameterizedTest
    @MethodSource("components")
    void everyChangeOfEveryInputChangesTheFingerprint(RecordComponent component) throws ReflectiveOperationException {
        int index = components().stream().map(RecordComponent::getName).toList().indexOf(component.getName());
        Set<String> fingerprints = new HashSet<>(Set.of(sample().fingerprint()));
        Object[] values = valuesOf(sample());
        List<Object> others = others(values[index]);
        for (Object other : others) {
            Object[] changed = values.clone();
            changed[index] = other;
            fingerprints.add(of(changed).fingerprint());
        }
        assertThat(fingerprints).as(component.getName()).hasSize(others.size() + 1);
    }

    @Test
    void equalInputsHaveEqualFingerprintsInWhateverOrderTheirMapsAre() throws ReflectiveOperationException {
        Map<String, String> backwards = new LinkedHashMap<>();
        backwards.put("TZ", "UTC");
        backwards.put("POSTGRES_PASSWORD", "secret");
        Object[] values = valuesOf(sample());
        values[3] = backwards;
        assertThat(of(values).fingerprint()).isEqualTo(sample().fingerprint());
    }

    /** Reads the encoding by its documented layout; what can be read back in one way only cannot stand for two things. */
    private static final class Decoder {

        private final ByteBuffer bytes;

        Decoder(byte[] encoded) {
            this.bytes = ByteBuffer.wrap(encoded);
        }

        Map<String, Object> decode() {
            byte[] magic = new byte[BakeInputs.MAGIC.length()];
            bytes.get(magic);
            assertThat(new String(magic, StandardCharsets.US_ASCII)).isEqualTo("supermachine bake inputs 4\n");
            Map<String, Object> members = new LinkedHashMap<>();
            while (bytes.hasRemaining()) {
                members.put(text(), value());
            }
            return members;
        }

        private Object value() {
            char type = (char) bytes.get();
            return switch (type) {
                case 'S' -> text();
                case 'I' -> (int) bytes.getLong();
                case 'L' -> {
                    List<String> list = new ArrayList<>();
                    for (int count = bytes.getInt(); count > 0; count--) {
                        list.add(text());
                    }
                    yield list;
                }
                case 'M' -> {
                    Map<String, String> map = new HashMap<>();
                    for (int count = bytes.getInt(); count > 0; count--) {
                        map.put(text(), text());
                    }
                    yield map;
                }
                default -> throw new AssertionError("Unknown type " + type);
            };
        }

        private String text() {
            byte[] content = new byte[bytes.getInt()];
            bytes.get(content);
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    @Test
    void theEncodingCanBeReadBackForAnyInputs() throws ReflectiveOperationException {
        Random random = new Random(20261101);
        Map<String, BakeInputs> seen = new HashMap<>();
        for (int round = 0; round < 2000; round++) {
            BakeInputs inputs = random(random);
            Map<String, Object> expected = new LinkedHashMap<>();
            for (RecordComponent component : components()) {
                Object value = component.getAccessor().invoke(inputs);
                expected.put(component.getName(), shown(value));
            }
            assertThat(new Decoder(inputs.encoded()).decode()).isEqualTo(expected);
            BakeInputs before = seen.put(inputs.fingerprint(), inputs);
            assertThat(before == null || before.equals(inputs)).isTrue();
        }
    }

    /** Short words of few letters, among them those that separators and lengths are made of, so that collisions would be likely. */
    private static String word(Random random) {
        String letters = "a=,\0\1S ü\uD83D\uDE00";
        StringBuilder word = new StringBuilder();
        for (int length = random.nextInt(4); length > 0; length--) {
            int at = letters.offsetByCodePoints(0, random.nextInt(letters.codePointCount(0, letters.length())));
            word.appendCodePoint(letters.codePointAt(at));
        }
        return word.toString();
    }

    private static List<String> words(Random random) {
        List<String> words = new ArrayList<>();
        for (int count = random.nextInt(4); count > 0; count--) {
            words.add(word(random));
        }
        return words;
    }

    /** Any condition, nested so deep at most. */
    private static Optional<Wait> wait(Random random, int depth) {
        Optional<Duration> timeout =
                random.nextBoolean() ? Optional.empty() : Optional.of(Duration.ofSeconds(1 + random.nextInt(2)));
        String word = Pattern.quote(word(random));
        return Optional.ofNullable(
                switch (random.nextInt(depth == 0 ? 5 : 8)) {
                    case 0 -> new Wait.Listener(List.of(1 + random.nextInt(2), 1 + random.nextInt(2)), timeout);
                    case 1 -> new Wait.Log(word, 1 + random.nextInt(2), timeout);
                    case 2 -> new Wait.Command(List.of("a", word.replace('\0', ' ')), random.nextInt(2), timeout);
                    case 3 ->
                        new Wait.Http(
                                "/",
                                random.nextBoolean() ? Optional.empty() : Optional.of(1),
                                200 + random.nextInt(2),
                                random.nextBoolean() ? Optional.empty() : Optional.of(word),
                                timeout);
                    case 4 -> new Wait.Healthcheck(timeout);
                    case 5 -> new Wait.All(waits(random, depth), timeout);
                    case 6 -> new Wait.Any(waits(random, depth), timeout);
                    default -> null;
                });
    }

    private static List<Wait> waits(Random random, int depth) {
        List<Wait> waits = new ArrayList<>(List.of(Wait.forListener()));
        wait(random, depth - 1).ifPresent(waits::add);
        wait(random, depth - 1).ifPresent(waits::add);
        return waits;
    }

    private static BakeInputs random(Random random) {
        Map<String, String> environment = new HashMap<>();
        words(random).forEach(name -> environment.put(name, word(random)));
        return new BakeInputs(
                "d" + word(random),
                Platform.LINUX_AMD64,
                words(random),
                environment,
                1 + random.nextInt(3),
                1 + random.nextInt(3),
                1 + random.nextInt(3),
                wait(random, 3),
                word(random),
                word(random),
                word(random),
                words(random),
                word(random),
                words(random),
                words(random),
                word(random),
                word(random),
                random.nextInt(3));
    }

    @Test
    void theEncodingIsPinned() {
        // A change of this value changes the meaning of every snapshot there is: raise the number in the magic, unless
        // an input has another default, as the format version, which is 4 here.
        byte[] encoded = sample().encoded();
        assertThat(new String(Arrays.copyOf(encoded, 27), StandardCharsets.US_ASCII))
                .isEqualTo("supermachine bake inputs 4\n");
        assertThat(sample().fingerprint())
                .isEqualTo("59210ef804d49470b6763280d1fa57f3044b49d50b70435932b1fc1e7ba1d304");
    }

    @Test
    void valuesOfVariablesAreShownAsDigestsOnly(@TempDir Path directory) {
        assertThat(sample().toString())
                .contains("environment=[POSTGRES_PASSWORD, TZ]")
                .doesNotContain("secret");
        EnvironmentDigest digest = new SnapshotStore(directory, Settings.system()).environmentDigest();
        assertThat(sample().told(digest).get("environment"))
                .hasSize(2)
                .allMatch(variable -> variable.matches("(POSTGRES_PASSWORD|TZ)=hmac-sha256:[0-9a-f]{64}"));
        assertThat(sample().told(digest).toString()).doesNotContain("secret");
    }

    /** The test of the words: an input that {@link BakeInput} does not have is neither hashed nor told. */
    @Test
    void everyInputHasWords() {
        assertThat(Arrays.stream(BakeInput.values()).map(BakeInput::key))
                .containsExactlyElementsOf(
                        components().stream().map(RecordComponent::getName).toList());
        assertThat(Arrays.stream(BakeInput.values()).map(BakeInput::words))
                .doesNotHaveDuplicates()
                .allMatch(words -> !words.isBlank());
    }

    @ParameterizedTest
    @MethodSource("components")
    void everyChangeOfEveryInputIsToldInWordsOfItsOwn(RecordComponent component, @TempDir Path directory)
            throws ReflectiveOperationException {
        EnvironmentDigest digest = new SnapshotStore(directory, Settings.system()).environmentDigest();
        int index = components().stream().map(RecordComponent::getName).toList().indexOf(component.getName());
        Object[] values = valuesOf(sample());
        Set<String> told = new HashSet<>();
        List<Object> others = others(values[index]);
        for (Object other : others) {
            Object[] changed = values.clone();
            changed[index] = other;
            List<InputDifference> differences =
                    InputDifference.between(sample().told(digest), of(changed).told(digest));
            assertThat(differences).as("%s", other).singleElement().satisfies(difference -> {
                assertThat(difference.input()).isEqualTo(component.getName());
                assertThat(difference.words()).contains(" changed: ").doesNotContain("secret");
                told.add(difference.words());
            });
        }
        assertThat(told).as(component.getName()).hasSizeGreaterThan(others.size() / 2);
    }

    @Test
    void everyInputIsShown() {
        for (RecordComponent component : components()) {
            assertThat(sample().toString()).contains(component.getName() + "=");
        }
    }

    @Test
    void wrongInputsAreRefusedWithTheValue() {
        assertThatThrownBy(() -> BakeInputs.builder().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("A bake needs image, guest and engine, but has image '', kernel '', agent '', engine ''");
        BakeInputs.Builder builder = BakeInputs.builder()
                .image("sha256:1", Platform.LINUX_AMD64)
                .guest("k", "a", List.of())
                .engine("kvm", "x");
        assertThat(builder.build().formatVersion()).isEqualTo(SnapshotManifest.FORMAT_VERSION);
        assertThatThrownBy(() -> builder.guestPort(0).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The guest port should be from 1 to 65535, but was: 0");
        BakeInputs broken = builder.guestPort(80).command(List.of("\uD800")).build();
        assertThatThrownBy(broken::fingerprint)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A text with an unpaired surrogate cannot be encoded in UTF-8");
    }
}
