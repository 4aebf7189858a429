package dev.supermachine.code;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ConstantDynamic;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * The code of one method as texts, with all constants in the place of their numbers: what the order of the constant pool changes is not in it. Between the texts stand
 * the methods that it uses, because how they are named is not for this method to say. Filled by a class reader.
 */
final class MethodText extends MethodVisitor {

    /** A use of a method, or of the static initial values of a class. */
    record Use(String owner, String name, String descriptor) {}

    private final int access;
    private final List<Object> parts = new ArrayList<>();
    private final Map<Label, Integer> labels = new HashMap<>();

    MethodText(int access) {
        super(Opcodes.ASM9);
        this.access = access;
    }

    boolean isSynthetic() {
        return (access & Opcodes.ACC_SYNTHETIC) != 0;
    }

    /** Texts and {@link Use}s. The text of different codes differs. */
    List<Object> parts() {
        return parts;
    }

    /** Static or not, synchronized or not, and whether there is code. */
    int access() {
        return access & (Opcodes.ACC_STATIC | Opcodes.ACC_SYNCHRONIZED | Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE);
    }

    @Override
    public void visitInsn(int opcode) {
        add(opcode);
    }

    @Override
    public void visitIntInsn(int opcode, int operand) {
        add(opcode, operand);
    }

    @Override
    public void visitVarInsn(int opcode, int variable) {
        add(opcode, variable);
    }

    @Override
    public void visitTypeInsn(int opcode, String type) {
        add(opcode, type);
    }

    @Override
    public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
        add(opcode, owner, name, descriptor);
        if (opcode == Opcodes.GETSTATIC) {
            parts.add(new Use(owner, "<clinit>", "()V"));
        }
    }

    @Override
    public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean ofInterface) {
        add(opcode, ofInterface);
        parts.add(new Use(owner, name, descriptor));
    }

    @Override
    public void visitInvokeDynamicInsn(String name, String descriptor, Handle bootstrap, Object... arguments) {
        add(Opcodes.INVOKEDYNAMIC, name, descriptor);
        constant(bootstrap);
        constants(arguments);
    }

    @Override
    public void visitJumpInsn(int opcode, Label label) {
        add(opcode, number(label));
    }

    @Override
    public void visitLabel(Label label) {
        add("label", number(label));
    }

    @Override
    public void visitLdcInsn(Object value) {
        add(Opcodes.LDC);
        constant(value);
    }

    @Override
    public void visitIincInsn(int variable, int increment) {
        add(Opcodes.IINC, variable, increment);
    }

    @Override
    public void visitTableSwitchInsn(int min, int max, Label otherwise, Label... targets) {
        add(Opcodes.TABLESWITCH, min, max, number(otherwise));
        for (Label target : targets) {
            add(number(target));
        }
    }

    @Override
    public void visitLookupSwitchInsn(Label otherwise, int[] keys, Label[] targets) {
        add(Opcodes.LOOKUPSWITCH, keys.length, number(otherwise));
        for (int i = 0; i < keys.length; i++) {
            add(keys[i], number(targets[i]));
        }
    }

    @Override
    public void visitMultiANewArrayInsn(String descriptor, int dimensions) {
        add(Opcodes.MULTIANEWARRAY, descriptor, dimensions);
    }

    @Override
    public void visitTryCatchBlock(Label start, Label end, Label handler, @Nullable String type) {
        add("try", number(start), number(end), number(handler), String.valueOf(type));
    }

    private int number(Label label) {
        return labels.computeIfAbsent(label, unused -> labels.size());
    }

    private void constants(Object... values) {
        add(values.length);
        for (Object value : values) {
            constant(value);
        }
    }

    private void constant(Object value) {
        if (value instanceof Handle handle) {
            add("handle", handle.getTag(), handle.isInterface());
            boolean isField = handle.getTag() <= Opcodes.H_PUTSTATIC;
            if (isField) {
                add(handle.getOwner(), handle.getName(), handle.getDesc());
            } else {
                parts.add(new Use(handle.getOwner(), handle.getName(), handle.getDesc()));
            }
        } else if (value instanceof ConstantDynamic dynamic) {
            add("dynamic", dynamic.getName(), dynamic.getDescriptor());
            constant(dynamic.getBootstrapMethod());
            add(dynamic.getBootstrapMethodArgumentCount());
            for (int i = 0; i < dynamic.getBootstrapMethodArgumentCount(); i++) {
                constant(dynamic.getBootstrapMethodArgument(i));
            }
        } else if (value instanceof Type type) {
            add("type", type.getDescriptor());
        } else {
            // a number or a string
            add(value.getClass().getSimpleName(), value);
        }
    }

    /** Each with its length before it, so that no two sequences have the same text. */
    private void add(Object... words) {
        for (Object word : words) {
            String text = word.toString();
            parts.add(text.length() + ":" + text + ";");
        }
    }
}
