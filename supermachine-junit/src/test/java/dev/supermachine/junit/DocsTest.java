package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java in README.md and docs compiles, and their links lead somewhere. */
class DocsTest {

    private static final Path PROJECT = project();
    private static final Pattern TYPE = Pattern.compile(
            "(?m)^(?:(?:public|final|abstract|sealed) )*(?:class|interface|record|enum|@interface) \\w+");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern ELSEWHERE = Pattern.compile("[a-z]+:.*");

    /** What a block may use without saying so. */
    private static final List<String> IMPORTS = List.of(
            "dev.supermachine.*",
            "dev.supermachine.junit.*",
            "java.io.*",
            "java.nio.file.*",
            "java.sql.*",
            "java.time.*",
            "java.util.*",
            "org.junit.jupiter.api.*",
            "static org.assertj.core.api.Assertions.*");

    /** The variables of blocks that are statements. Fields, so that a block may have its own of the same name. */
    private static final List<String> VARIABLES = List.of("Image image", "VmPool pool", "Vm vm", "String token");

    @Test
    void theJavaCompiles(@TempDir Path output) throws IOException {
        List<Block> blocks = new ArrayList<>();
        for (Path document : documents()) {
            blocks.addAll(blocks(document));
        }
        assertThat(blocks).as("java blocks in README.md and docs").hasSizeGreaterThanOrEqualTo(4);

        List<String> errors = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            errors.addAll(errors(blocks.get(i), "block" + i, Files.createDirectory(output.resolve("block" + i))));
        }

        assertThat(errors).as("errors in the Java of README.md and docs").isEmpty();
    }

    @Test
    void anErrorIsNamedByFileAndLine(@TempDir Path output) throws IOException {
        Path document = output.resolve("wrong.md");
        Files.writeString(document, """
                # Wrong

                ```java
                int fine = 1;
                image.bakes();
                ```

                ```java
                class Broken {

                    Strin x;
                }
                ```
                """);

        List<Block> blocks = blocks(document);
        assertThat(errors(blocks.get(0), "block0", Files.createDirectory(output.resolve("a"))))
                .singleElement()
                .asString()
                .startsWith(document + ":5: cannot find symbol");
        assertThat(errors(blocks.get(1), "block1", Files.createDirectory(output.resolve("b"))))
                .singleElement()
                .asString()
                .startsWith(document + ":11: cannot find symbol");
    }

    @Test
    void theLinksLeadToFiles() throws IOException {
        List<String> dead = new ArrayList<>();
        int found = 0;
        for (Path document : documents()) {
            List<String> lines = Files.readAllLines(document);
            for (int i = 0; i < lines.size(); i++) {
                Matcher link = LINK.matcher(lines.get(i));
                while (link.find()) {
                    String target = link.group(1).replaceFirst("#.*", "");
                    if (ELSEWHERE.matcher(target).matches() || target.isEmpty()) {
                        continue;
                    }
                    found++;
                    if (!Files.exists(document.resolveSibling(target))) {
                        dead.add(PROJECT.relativize(document) + ":" + (i + 1) + ": " + target);
                    }
                }
            }
        }

        assertThat(found).as("relative links in README.md and docs").isGreaterThan(10);
        assertThat(dead).as("links to files that are not there").isEmpty();
    }

    private static List<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.walk(PROJECT.resolve("docs"))) {
            return Stream.concat(Stream.of(PROJECT.resolve("README.md")), docs)
                    .filter(path -> path.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    private static List<Block> blocks(Path document) throws IOException {
        List<Block> blocks = new ArrayList<>();
        List<String> lines = Files.readAllLines(document);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).strip().equals("```java")) {
                int start = i + 1;
                do {
                    i++;
                    assertThat(i)
                            .as("%s:%s: the block has no end", document, start)
                            .isLessThan(lines.size());
                } while (!lines.get(i).strip().equals("```"));
                blocks.add(new Block(document, start, lines.subList(start, i)));
            }
        }
        return blocks;
    }

    private static List<String> errors(Block block, String name, Path output) throws IOException {
        Path source = output.resolve("Statements.java");
        Files.writeString(source, block.source(name));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertThat(compiler).as("the compiler of the JDK that runs the tests").isNotNull();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        try (var files = compiler.getStandardFileManager(diagnostics, Locale.ENGLISH, null)) {
            List<String> options =
                    List.of("-proc:none", "-d", output.toString(), "-classpath", System.getProperty("java.class.path"));
            compiler.getTask(null, files, diagnostics, options, null, files.getJavaFileObjects(source))
                    .call();
        }
        return diagnostics.getDiagnostics().stream()
                .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .map(diagnostic -> block.document() + ":" + (block.line() + diagnostic.getLineNumber() - 1) + ": "
                        + diagnostic.getMessage(Locale.ENGLISH))
                .toList();
    }

    /** The nearest folder upwards with the README. */
    private static Path project() {
        Path start = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        for (Path folder = start; folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("README.md")) && Files.exists(folder.resolve("docs"))) {
                return folder;
            }
        }
        throw new IllegalStateException("No folder from " + start + " upwards has README.md and docs");
    }

    /** A block, and the line of the document at which its fence stands: counted from 1, like the compiler's lines. */
    private record Block(Path document, int line, List<String> lines) {

        /** What precedes the block is one line, so that lines can be counted. */
        String source(String packageName) {
            String text = String.join("\n", lines);
            StringBuilder source = new StringBuilder("package " + packageName + ";");
            IMPORTS.forEach(name -> source.append(" import ").append(name).append(';'));
            if (TYPE.matcher(text).find()) {
                return source.append('\n').append(text).append('\n').toString();
            }
            source.append(" abstract class Statements {");
            VARIABLES.forEach(variable -> source.append(' ').append(variable).append(';'));
            return source.append(" void statements() throws Exception {\n")
                    .append(text)
                    .append("\n}}\n")
                    .toString();
        }
    }
}
