package dev.supermachine.code;

import dev.supermachine.hash.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The hash of methods with all that they use of the same source file. What the compiler names by a number, as the bodies of lambdas, goes by the order in which it is
 * met here, so that another lambda in the class changes nothing. Used once.
 */
final class CodeText {

    private record Method(ClassText owner, String key, MethodText text) {}

    private final ClassFiles files;
    private final Set<String> nests = new HashSet<>();
    private final Map<MethodText, Integer> numbers = new LinkedHashMap<>();
    private final Queue<MethodText> pending = new ArrayDeque<>();
    private final StringBuilder text = new StringBuilder();

    CodeText(ClassFiles files) {
        this.files = files;
    }

    /**
     * A method.
     *
     * @param owner the class, with slashes; the method may be one that it inherits
     * @throws UnidentifiableCodeException if it has no code, or a class file cannot be found or read
     */
    String ofMethod(String owner, String name, String descriptor) {
        ClassText start = files.require(owner);
        for (ClassText type = start; ; type = superOf(type)) {
            MethodText method = type.methods().get(name + descriptor);
            if (method != null) {
                nests.add(start.nestHost());
                nests.add(type.nestHost());
                append(new Method(type, name + descriptor, method));
                return finish();
            }
        }
    }

    private ClassText superOf(ClassText type) {
        String name = type.superName();
        if (name == null) {
            throw new UnidentifiableCodeException("the code of the method behind it is not in a class", null);
        }
        return files.require(name);
    }

    /**
     * All methods of a class, and of those it extends but the JDK's.
     *
     * @throws UnidentifiableCodeException if a class file cannot be found or read
     */
    String ofClass(Class<?> type) {
        List<ClassText> hierarchy = new ArrayList<>();
        for (Class<?> each = type; each != null && !isOfTheJdk(each); each = each.getSuperclass()) {
            hierarchy.add(files.require(each.getName().replace('.', '/')));
        }
        hierarchy.forEach(each -> nests.add(each.nestHost()));
        for (ClassText each : hierarchy) {
            text.append("class ").append(each.name()).append('\n');
            each.methods().forEach((key, method) -> {
                if (!method.isSynthetic()) {
                    append(new Method(each, key, method));
                }
            });
        }
        return finish();
    }

    private static boolean isOfTheJdk(Class<?> type) {
        ClassLoader loader = type.getClassLoader();
        return loader == null || loader == ClassLoader.getPlatformClassLoader();
    }

    private String finish() {
        while (!pending.isEmpty()) {
            MethodText method = pending.remove();
            text.append("\ncode of #").append(numbers.get(method)).append(' ').append(method.access());
            text.append('\n');
            for (Object part : method.parts()) {
                if (part instanceof MethodText.Use use) {
                    append(use);
                } else {
                    text.append(part);
                }
            }
        }
        return Sha256.hex(text.toString().getBytes(StandardCharsets.UTF_16BE));
    }

    private void append(MethodText.Use use) {
        Optional<Method> own = find(use);
        if (own.isPresent()) {
            append(own.get());
        } else if (!use.name().equals("<clinit>")) {
            text.append(use.owner()).append('.').append(use.name()).append(use.descriptor());
        }
        text.append(';');
    }

    /** A method that is followed: by its number, and by its name if that is people's. */
    private void append(Method method) {
        Integer number = numbers.get(method.text());
        if (number == null) {
            number = numbers.size();
            numbers.put(method.text(), number);
            pending.add(method.text());
        }
        text.append('#').append(number).append(' ');
        if (method.text().isSynthetic()) {
            text.append(method.key().substring(method.key().indexOf('(')));
        } else {
            text.append(method.owner().name()).append('.').append(method.key());
        }
    }

    /** Empty if it is of another source file, or has none. */
    private Optional<Method> find(MethodText.Use use) {
        String key = use.name() + use.descriptor();
        @Nullable String name = use.owner();
        while (name != null && isNear(name)) {
            Optional<ClassText> type = files.find(name);
            MethodText method = type.map(found -> found.methods().get(key)).orElse(null);
            if (method != null) {
                return Optional.of(new Method(type.orElseThrow(), key, method));
            }
            name = type.map(ClassText::superName).orElse(null);
        }
        return Optional.empty();
    }

    private boolean isNear(String name) {
        return nests.stream().anyMatch(host -> name.equals(host) || name.startsWith(host + "$"));
    }
}
