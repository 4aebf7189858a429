package dev.supermachine.code;

import dev.supermachine.hash.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.Serializable;

/**
 * What a function does, as a hash: its byte code and the values that it has captured. Line numbers, the order of constants and whatever else is in the same
 * source file and not used by it do not count, so that the same source gives the same hash in each JVM.
 *
 * <p>Of a lambda or a method reference counts the method behind it, of an object of a class all methods of that class and of those it extends, the JDK's
 * excepted. Methods, constructors and static initial values of the same source file (the class, its nest host, and what is nested in it) that these use are
 * followed; those of other files are known by name only. Captured values and fields count in their serialized form.
 *
 * @since 0.1
 */
public final class CodeIdentity {

    private CodeIdentity() {}

    /**
     * Identifies a function.
     *
     * @param function an object of a functional interface that extends {@link Serializable}
     * @param type that interface: other objects of it that are captured count with their code too
     * @return 64 hexadecimal digits
     * @throws UnidentifiableCodeException if a class file cannot be found or read, or a captured value cannot be serialized
     */
    public static String of(Serializable function, Class<? extends Serializable> type) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CanonicalStream stream =
                new CanonicalStream(bytes, type, function.getClass().getClassLoader())) {
            stream.writeAll(function);
        } catch (NotSerializableException e) {
            throw new UnidentifiableCodeException(
                    "it has captured, or has in a field, an object of the class " + e.getMessage()
                            + ", which is not serializable (a lambda that uses a field or a method of the object around it has captured that object)",
                    e);
        } catch (IOException e) {
            throw new UnidentifiableCodeException("what it has captured cannot be serialized: " + e.getMessage(), e);
        }
        return Sha256.hex(bytes.toByteArray());
    }
}
