package dev.supermachine.code;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.io.Serializable;
import java.lang.invoke.MethodHandleInfo;
import java.lang.invoke.SerializedLambda;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Serializes so that equal things have equal bytes in every JVM: for a lambda stands the code behind it and not its number, and collections whose order differs
 * from JVM to JVM are sorted. Java's own serialization is what gets at the inside of a lambda and at fields: it needs no access to the module that they are in.
 */
final class CanonicalStream extends ObjectOutputStream {

    /** What {@code Set.of}, {@code Map.of} and their like are replaced by when they are serialized; not public. */
    private static final String IMMUTABLE_COLLECTION = "java.util.CollSer";

    private final Class<?> type;
    private final @Nullable ClassLoader loader;
    private final Set<Class<?>> classes = new LinkedHashSet<>();

    CanonicalStream(OutputStream out, Class<?> type, @Nullable ClassLoader loader) throws IOException {
        super(out);
        this.type = type;
        this.loader = loader;
        enableReplaceObject(true);
    }

    /** An object with all it holds, and the code of the functions among that. */
    void writeAll(@Nullable Object object) throws IOException {
        writeObject(object);
        List<Class<?>> written = new ArrayList<>(classes);
        writeInt(written.size());
        for (Class<?> each : written) {
            writeObject(new CodeText(new ClassFiles(each.getClassLoader())).ofClass(each));
        }
        flush();
    }

    @Override
    protected Object replaceObject(Object object) throws IOException {
        if (object instanceof SerializedLambda lambda) {
            return form(lambda);
        }
        if (type.isInstance(object)) {
            classes.add(object.getClass());
        }
        if (object.getClass() == HashSet.class || object.getClass() == HashMap.class) {
            return sorted(object);
        }
        return object.getClass().getName().equals(IMMUTABLE_COLLECTION) ? sorted(readBack(object)) : object;
    }

    /** The arguments are written after this has returned, and replaced in their turn. */
    private Object[] form(SerializedLambda lambda) {
        Object[] captured = new Object[lambda.getCapturedArgCount()];
        Arrays.setAll(captured, lambda::getCapturedArg);
        return new Object[] {
            "lambda",
            lambda.getFunctionalInterfaceClass(),
            lambda.getFunctionalInterfaceMethodName(),
            lambda.getInstantiatedMethodType(),
            lambda.getImplMethodKind(),
            code(lambda, captured),
            captured
        };
    }

    private String code(SerializedLambda lambda, Object[] captured) {
        CodeText text = new CodeText(new ClassFiles(loader));
        String name = lambda.getImplMethodName();
        String descriptor = lambda.getImplMethodSignature();
        boolean hasReceiver = captured.length > 0
                && captured[0] != null
                && lambda.getImplMethodKind() != MethodHandleInfo.REF_invokeStatic
                && lambda.getImplMethodKind() != MethodHandleInfo.REF_newInvokeSpecial;
        if (!hasReceiver) {
            return text.ofMethod(lambda.getImplClass(), name, descriptor);
        }
        // what its own class has made of the method is what runs
        Class<?> receiver = captured[0].getClass();
        return receiver.isHidden()
                ? "that of the receiver, a lambda, which is among the captured"
                : text.ofMethod(receiver.getName().replace('.', '/'), name, descriptor);
    }

    private Object sorted(Object collection) throws IOException {
        if (collection instanceof Set<?> set) {
            return new Object[] {"set", sorted(set, element -> element)};
        }
        if (collection instanceof Map<?, ?> map) {
            return new Object[] {"map", sorted(map.entrySet(), entry -> new Object[] {entry.getKey(), entry.getValue()})
            };
        }
        return collection;
    }

    private <T> byte[][] sorted(Set<T> elements, Function<T, @Nullable Object> content) throws IOException {
        List<byte[]> all = new ArrayList<>();
        for (T element : elements) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (CanonicalStream stream = new CanonicalStream(bytes, type, loader)) {
                stream.writeAll(content.apply(element));
            }
            all.add(bytes.toByteArray());
        }
        all.sort(Arrays::compareUnsigned);
        return all.toArray(byte[][]::new);
    }

    /** A list becomes a list, which the stream then writes in its order. */
    private Object readBack(Object form) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream plain = new ObjectOutputStream(bytes)) {
            plain.writeObject(form);
        }
        try (ObjectInputStream in = new Reader(new ByteArrayInputStream(bytes.toByteArray()), loader)) {
            Object collection = in.readObject();
            return collection instanceof Serializable && collection instanceof List<?> list
                    ? list.toArray()
                    : collection;
        } catch (ClassNotFoundException e) {
            throw new IOException("the class of an element of a collection is not found: " + e.getMessage(), e);
        }
    }

    private static final class Reader extends ObjectInputStream {

        private final @Nullable ClassLoader loader;

        Reader(InputStream in, @Nullable ClassLoader loader) throws IOException {
            super(in);
            this.loader = loader;
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass description) throws IOException, ClassNotFoundException {
            try {
                return Class.forName(description.getName(), false, loader);
            } catch (ClassNotFoundException e) {
                return super.resolveClass(description);
            }
        }
    }
}
