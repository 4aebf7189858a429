package dev.supermachine.code;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;

/** Class files as a loader finds them, read once each. They are those of the compiler: what an agent has made of them in this JVM is not seen. */
final class ClassFiles {

    private static final int MAJOR_VERSION = 6; // JVMS 4.1: offset of major_version

    /** What a reader of any age knows. Later versions have the same form; what is new in one is an attribute as a rule, and those are skipped. */
    private static final int KNOWN_MAJOR = Opcodes.V17;

    private final @Nullable ClassLoader loader;
    private final Map<String, Optional<ClassText>> read = new HashMap<>();

    ClassFiles(@Nullable ClassLoader loader) {
        this.loader = loader;
    }

    /**
     * A class.
     *
     * @param name with slashes
     * @return empty if there is no such file, as for classes that were made in memory
     * @throws UnidentifiableCodeException if it cannot be read
     */
    Optional<ClassText> find(String name) {
        Optional<ClassText> known = read.get(name);
        if (known == null) {
            known = load(name);
            read.put(name, known);
        }
        return known;
    }

    /** As {@link #find(String)}, for one that must be there. */
    ClassText require(String name) {
        return find(name)
                .orElseThrow(() -> new UnidentifiableCodeException(
                        "there is no class file of " + name.replace('/', '.')
                                + ", as for classes that are made while the JVM runs",
                        null));
    }

    private Optional<ClassText> load(String name) {
        String file = name + ".class";
        try (InputStream in =
                loader == null ? ClassLoader.getSystemResourceAsStream(file) : loader.getResourceAsStream(file)) {
            if (in == null) {
                return Optional.empty();
            }
            byte[] bytes = in.readAllBytes();
            ClassText text = new ClassText();
            reader(bytes).accept(text, ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
            return Optional.of(text);
        } catch (IOException | RuntimeException e) {
            throw new UnidentifiableCodeException(
                    "the class file of " + name.replace('/', '.') + " cannot be read: " + e, e);
        }
    }

    private static ClassReader reader(byte[] bytes) {
        if (bytes.length > MAJOR_VERSION + 1) {
            int major = ((bytes[MAJOR_VERSION] & 0xFF) << 8) | (bytes[MAJOR_VERSION + 1] & 0xFF);
            if (major > KNOWN_MAJOR) {
                bytes[MAJOR_VERSION] = 0;
                bytes[MAJOR_VERSION + 1] = KNOWN_MAJOR;
            }
        }
        return new ClassReader(bytes);
    }
}
