package dev.supermachine.code;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** A class as far as it matters for what its code does: names and methods. Filled by a class reader. */
final class ClassText extends ClassVisitor {

    private final Map<String, MethodText> methods = new TreeMap<>();
    private String name = "";
    private @Nullable String superName;
    private @Nullable String nestHost;

    ClassText() {
        super(Opcodes.ASM9);
    }

    @Override
    public void visit(
            int version,
            int access,
            String ownName,
            @Nullable String signature,
            @Nullable String itsSuperName,
            String @Nullable [] interfaces) {
        name = ownName;
        superName = itsSuperName;
    }

    @Override
    public void visitNestHost(String host) {
        nestHost = host;
    }

    @Override
    public MethodVisitor visitMethod(
            int access,
            String methodName,
            String descriptor,
            @Nullable String signature,
            String @Nullable [] exceptions) {
        MethodText method = new MethodText(access);
        methods.put(methodName + descriptor, method);
        return method;
    }

    /** With slashes. */
    String name() {
        return name;
    }

    /** With slashes; null for {@link Object} alone. */
    @Nullable
    String superName() {
        return superName;
    }

    /** The outermost class of the same source file. */
    String nestHost() {
        return nestHost == null ? name : nestHost;
    }

    /** By name and descriptor, in their order. */
    Map<String, MethodText> methods() {
        return methods;
    }
}
