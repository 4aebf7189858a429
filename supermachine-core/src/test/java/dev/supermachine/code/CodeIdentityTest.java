package dev.supermachine.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Vm;
import dev.supermachine.Warmup;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What changes the identity of code and what does not, with classes as the JDK's compiler makes them. */
class CodeIdentityTest {

    private static final String LAMBDA = """
            class Sample {
                static Warmup make() {
                    return vm -> vm.exec("psql", "-c", "create table t ()");
                }
            }
            """;

    /** Each of them uses everything that is replaced below. */
    private static final String WITH_HELPERS = """
            class Sample {
                static final List<String> TABLES = List.of("a", "b");
                static Warmup make() {
                    return vm -> {
                        TABLES.forEach(table -> create(vm, table));
                        new Loader(3).load(vm);
                    };
                }
                private static void create(Vm vm, String table) {
                    try {
                        vm.exec("psql", "-c", "create table " + table);
                    } catch (IllegalStateException e) {
                        switch (table) { case "a": vm.logs(); break; default: vm.console(); }
                    }
                }
                static class Loader {
                    final int rows;
                    Loader(int rows) { this.rows = rows; }
                    void load(Vm vm) { for (int i = 0; i < rows; i++) vm.exec("load"); }
                }
            }
            """;

    @TempDir
    private Path directory;

    @Test
    void theSameSourceHasTheSameIdentityWhoeverCompilesAndLoadsIt() throws IOException {
        assertThat(identity(LAMBDA)).isEqualTo(identity(LAMBDA)).matches("[0-9a-f]{64}");
        assertThat(identity(WITH_HELPERS)).isEqualTo(identity(WITH_HELPERS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // line numbers
                "class Sample {\n\n\n // later\n",
                // constants before ours in the pool
                "class Sample { static String first() { return \"something else\" + 4711L; }",
                // other lambdas, so that ours has another number
                "class Sample { static Runnable other() { return () -> System.gc(); } static Runnable more() { return () -> {}; }",
                // statics that it does not use
                "class Sample { static final Object LOG = new Object(); static int count = 5;",
                // other methods and classes
                "class Sample { void run() { make(); } static class Unused {}"
            })
    void whatItDoesNotUseDoesNotCount(String begin) throws IOException {
        assertThat(identity(LAMBDA.replace("class Sample {", begin))).isEqualTo(identity(LAMBDA));
    }

    @Test
    void debugInformationAndTheNamesOfVariablesDoNotCount() throws IOException {
        assertThat(Compiled.of(directory, WITH_HELPERS, "-g").identity())
                .isEqualTo(Compiled.of(directory, WITH_HELPERS, "-g:none").identity());
        assertThat(identity(WITH_HELPERS.replace("table", "relation").replace("create relation", "create table")))
                .isEqualTo(identity(WITH_HELPERS));
    }

    @ParameterizedTest
    @CsvSource({
        "create table t (), create table u ()",
        "'vm.exec(\"psql\", \"-c\"', 'vm.exec(\"psql\"'",
        "'vm.exec', 'vm.command'",
        "'\"create table t ()\");', '\"create table t ()\").stdout();'"
    })
    void whatTheLambdaDoesCounts(String old, String now) throws IOException {
        assertThat(LAMBDA).contains(old);
        assertThat(identity(LAMBDA.replace(old, now))).isNotEqualTo(identity(LAMBDA));
    }

    @ParameterizedTest
    @CsvSource({
        // a lambda in it, a method it calls, a constant of its class, a handler, a switch
        "'create(vm, table))', 'create(vm, table + 1))'",
        "create table , create view ",
        "'\"a\", \"b\"', '\"a\", \"c\"'",
        "IllegalStateException, IllegalArgumentException",
        "'case \"a\"', 'case \"b\"'",
        // a class beside it: its method and its constructor
        "'exec(\"load\")', 'exec(\"copy\")'",
        "this.rows = rows, this.rows = rows + 1",
        "new Loader(3), new Loader(4)",
        "i < rows, i <= rows",
        "private static void create, private static synchronized void create"
    })
    void whatItUsesOfItsSourceFileCounts(String old, String now) throws IOException {
        assertThat(WITH_HELPERS).contains(old);
        assertThat(identity(WITH_HELPERS.replace(old, now))).isNotEqualTo(identity(WITH_HELPERS));
    }

    @Test
    void capturedValuesCount() throws IOException {
        String source = """
                class Sample {
                    static Warmup make() {
                        String table = "%s"; int rows = %s; List<Object> all = Arrays.asList(%s);
                        return vm -> vm.exec(table, "" + rows, "" + all);
                    }
                }
                """;
        Set<String> identities = new HashSet<>(List.of(
                identity(source.formatted("a", 1, "1, null")),
                identity(source.formatted("b", 1, "1, null")),
                identity(source.formatted("a", 2, "1, null")),
                identity(source.formatted("a", 1, "null, 1"))));
        assertThat(identities).hasSize(4).contains(identity(source.formatted("a", 1, "1, null")));
    }

    @Test
    void theCodeOfCapturedLambdasCounts() throws IOException {
        String source = """
                class Sample {
                    static Warmup make() {
                        %s
                        Warmup first = vm -> vm.exec("%s");
                        return vm -> { first.run(vm); vm.exec("second"); };
                    }
                }
                """;
        assertThat(identity(source.formatted("", "b"))).isNotEqualTo(identity(source.formatted("", "a")));
        assertThat(identity(source.formatted("Runnable another = () -> {};", "a")))
                .isEqualTo(identity(source.formatted("", "a")));
    }

    @Test
    void methodReferencesAreTheMethodsBehindThem() throws IOException {
        String source = """
                class Sample {
                    static Warmup make() { return %s; }
                    static void first(Vm vm) { vm.exec("%s"); }
                    void second(Vm vm) {}
                    static class Setup implements java.io.Serializable {
                        final String name;
                        Setup(String name) { this.name = name; }
                        void in(Vm vm) { vm.exec(name, "%s"); }
                    }
                    static class Special extends Setup {
                        Special() { super("a"); }
                        @Override void in(Vm vm) { vm.exec("%s"); }
                    }
                }
                """;
        String first = identity(source.formatted("Sample::first", "a", "b", "c"));
        assertThat(identity(source.formatted("Sample::first", "a", "x", "x"))).isEqualTo(first);
        assertThat(identity(source.formatted("Sample::first", "x", "b", "c"))).isNotEqualTo(first);
        String bound = identity(source.formatted("new Setup(\"a\")::in", "a", "b", "c"));
        assertThat(identity(source.formatted("new Setup(\"a\")::in", "x", "b", "x")))
                .isEqualTo(bound);
        assertThat(identity(source.formatted("new Setup(\"a\")::in", "a", "x", "c")))
                .isNotEqualTo(bound);
        assertThat(identity(source.formatted("new Setup(\"x\")::in", "a", "b", "c")))
                .isNotEqualTo(bound);
        // what overrides it is what runs
        String special = "((Setup) new Special())::in";
        assertThat(identity(source.formatted(special, "a", "b", "c")))
                .isNotEqualTo(identity(source.formatted(special, "a", "b", "x")))
                .isEqualTo(identity(source.formatted(special, "a", "x", "c")));
    }

    @Test
    void ofAClassAllMethodsAndFieldsAndWhatItExtendsCount() throws IOException {
        String source = """
                class Sample implements Warmup {
                    final Map<String, Integer> rows = new TreeMap<>(Map.of("a", %s));
                    static Warmup make() { return new Special(); }
                    public void run(Vm vm) { Runnable work = () -> load(vm); work.run(); }
                    void load(Vm vm) { vm.exec("%s"); }
                }
                class Special extends Sample {
                    @Override void load(Vm vm) { vm.exec("%s"); }
                }
                """;
        Set<String> identities = new HashSet<>();
        for (List<Object> values : List.<List<Object>>of(
                List.of(1, "b", "c"), List.of(2, "b", "c"), List.of(1, "x", "c"), List.of(1, "b", "x"))) {
            identities.add(identity(source.formatted(values.toArray())));
        }
        assertThat(identities).hasSize(4).contains(identity(source.formatted(1, "b", "c")));
    }

    @Test
    void anonymousClassesAndEnumsHaveCodeToo() throws IOException {
        String anonymous = """
                class Sample {
                    static Warmup make() {
                        return new Warmup() { public void run(Vm vm) { helper(vm); } };
                    }
                    private static void helper(Vm vm) { vm.exec("a"); }
                }
                """;
        assertThat(identity(anonymous.replace("\"a\"", "\"b\""))).isNotEqualTo(identity(anonymous));
        String constants = """
                class Sample {
                    static Warmup make() { return Kind.SMALL; }
                    enum Kind implements Warmup {
                        SMALL { public void run(Vm vm) { vm.exec("a"); } },
                        LARGE { public void run(Vm vm) { vm.exec("z"); } }
                    }
                }
                """;
        assertThat(identity(constants.replace("\"a\"", "\"b\""))).isNotEqualTo(identity(constants));
        assertThat(identity(constants.replace("\"z\"", "\"y\""))).isEqualTo(identity(constants));
    }

    /** The order of {@code Set.of} and {@code Map.of}, and of enums in hash tables, is another in each JVM. */
    @Test
    void collectionsWithoutAnOrderAreTheSameInEveryJvm() throws IOException, InterruptedException {
        Set<String> identities = new HashSet<>(Set.of(CodeIdentity.of(Unordered.make("e"), Warmup.class)));
        for (int i = 0; i < 3; i++) {
            try (ChildJvm child = ChildJvm.start(Unordered.class)) {
                assertThat(child.exitCode()).as("%s", child.lines()).isZero();
                identities.add(child.lines().get(0));
            }
        }
        assertThat(identities).hasSize(1);
        assertThat(CodeIdentity.of(Unordered.make("f"), Warmup.class)).isNotIn(identities);
    }

    /** A JVM that prints the identity of a lambda with such collections. */
    static final class Unordered {

        private Unordered() {}

        public static void main(String[] arguments) {
            System.out.println(CodeIdentity.of(make("e"), Warmup.class));
        }

        static Warmup make(String last) {
            Set<String> set = Set.of("a", "b", "c", "d", last);
            Map<String, List<Set<String>>> map = Map.of("a", List.of(set), "b", List.of(), "c", List.of(Set.of()));
            Map<Thread.State, String> states = new HashMap<>();
            for (Thread.State state : Thread.State.values()) {
                states.put(state, state.name());
            }
            Set<Thread.State> keys = new HashSet<>(states.keySet());
            return vm -> vm.exec("use", "" + set + map + states + keys);
        }
    }

    @Test
    void theIdentityIsTheSameInEveryVersion() {
        // A change of this value bakes every snapshot with a warm-up anew, which a new compiler does too.
        assertThat(CodeIdentity.of(new Fixed(7), Warmup.class))
                .isEqualTo("937eb45165d3037c6506c3205f436244d666a47fd9f6f4b54fc1ef13646e8339");
    }

    /** Without anything that compilers have different ideas of. */
    private record Fixed(int number) implements Warmup {

        @Override
        public void run(Vm vm) {
            vm.logs();
        }
    }

    @Test
    void whatCannotBeSerializedIsNamed() {
        Object captured = new Object();
        Warmup warmup = vm -> vm.writeFile("/x", captured.toString());
        assertThatThrownBy(() -> CodeIdentity.of(warmup, Warmup.class))
                .isInstanceOf(UnidentifiableCodeException.class)
                .hasMessage(
                        "it has captured, or has in a field, an object of the class java.lang.Object, which is not"
                                + " serializable (a lambda that uses a field or a method of the object around it has captured that object)");
        Warmup withThis = vm -> vm.writeFile("/x", directory.toString());
        assertThatThrownBy(() -> CodeIdentity.of(withThis, Warmup.class))
                .isInstanceOf(UnidentifiableCodeException.class)
                .hasMessageContaining("an object of the class dev.supermachine.code.CodeIdentityTest, which is not");
    }

    @Test
    void aClassWithoutAFileIsNamed() throws IOException {
        Object proxy = Proxy.newProxyInstance(
                Warmup.class.getClassLoader(), new Class<?>[] {Warmup.class}, new SerializableHandler());
        assertThatThrownBy(() -> CodeIdentity.of((Warmup) proxy, Warmup.class))
                .isInstanceOf(UnidentifiableCodeException.class)
                .hasMessageContaining("there is no class file of ")
                .hasMessageContaining("$Proxy");
        Compiled compiled = Compiled.of(directory, LAMBDA);
        try (URLClassLoader loader = compiled.loader()) {
            Warmup warmup = Compiled.make(loader);
            Path file = compiled.classes().resolve("Sample.class");
            Files.write(file, new byte[] {(byte) 0xCA, (byte) 0xFE, 1, 2, 3, 4, 0, 61, 9, 9});
            assertThatThrownBy(() -> CodeIdentity.of(warmup, Warmup.class))
                    .isInstanceOf(UnidentifiableCodeException.class)
                    .hasMessageStartingWith("the class file of Sample cannot be read: ");
            Files.delete(file);
            assertThatThrownBy(() -> CodeIdentity.of(warmup, Warmup.class))
                    .isInstanceOf(UnidentifiableCodeException.class)
                    .hasMessageStartingWith("there is no class file of Sample, as for classes");
        }
    }

    @Test
    void aMethodReferenceToALambdaIsThatLambda() throws IOException {
        String source = """
                class Sample {
                    interface Step extends java.io.Serializable { void on(Vm vm); }
                    static Warmup make() {
                        Step step = vm -> vm.exec("a");
                        return step::on;
                    }
                }
                """;
        assertThat(identity(source))
                .isEqualTo(identity(source))
                .isNotEqualTo(identity(source.replace("\"a\"", "\"b\"")));
    }

    /** As a later JDK would write it; what is in it has the same form. */
    @Test
    void classFilesOfLaterVersionsAreRead() throws IOException {
        Compiled compiled = Compiled.of(directory, LAMBDA);
        String expected = compiled.identity();
        try (URLClassLoader loader = compiled.loader()) {
            Warmup warmup = Compiled.make(loader);
            Path file = compiled.classes().resolve("Sample.class");
            byte[] bytes = Files.readAllBytes(file);
            bytes[6] = 0x03;
            Files.write(file, bytes);
            assertThat(CodeIdentity.of(warmup, Warmup.class)).isEqualTo(expected);
        }
    }

    private static final class SerializableHandler
            implements java.lang.reflect.InvocationHandler, java.io.Serializable {

        private static final long serialVersionUID = 1L;

        @Override
        public Object invoke(Object proxy, java.lang.reflect.Method method, Object[] arguments) {
            throw new UnsupportedOperationException();
        }
    }

    private String identity(String source) throws IOException {
        return Compiled.of(directory, source).identity();
    }
}
