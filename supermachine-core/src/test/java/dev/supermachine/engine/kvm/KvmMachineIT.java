package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is left of machines that end at the wrong moment. Their guest has a few instructions, for which any KVM will do. */
@Timeout(120)
class KvmMachineIT {

    private static final int ROUNDS = 30;
    private static final int TEXT = 0x200;

    /** Where in the code. */
    private static final int JUMP_IF_EQUAL = 22;

    /** Waits until its generation is another one, then a little longer, and powers off. */
    private static final int[] CODE = {
        0x8B,
        0x35,
        0x00,
        0x00,
        0x0F,
        0x00, // mov esi, [0xF0000]
        0x66,
        0xBA,
        0xF8,
        0x03, // mov dx, 0x3F8
        0xB0,
        0x52,
        0xEE, // mov al, 'R'; out dx, al
        0xB0,
        0x0A,
        0xEE, // mov al, 10; out dx, al
        0x3B,
        0x35,
        0x00,
        0x00,
        0x0F,
        0x00, // cmp esi, [0xF0000]
        0x74,
        0xF8, // je back to it
        0xB9,
        0xD0,
        0x07,
        0x00,
        0x00, // mov ecx, 2000
        0x49,
        0x75,
        0xFD, // dec ecx; jnz back to it
        0x66,
        0xBA,
        0x00,
        0x06, // mov dx, 0x600
        0xB0,
        0x34, // mov al, 0x34: sleep, type 5
        0xEE,
        0xF4 // out dx, al; hlt
    };

    @TempDir
    Path directory;

    private Path kernel;
    private Path empty;

    @BeforeAll
    static void needsKvm() {
        assumeThat(KvmDevice.SYSTEM.obstacle()).isEmpty();
    }

    @BeforeEach
    void writeFiles() throws IOException {
        ByteBuffer elf = ByteBuffer.allocate(TEXT + CODE.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C457F).putInt(4, 0x00010102).putShort(16, (short) 2).putShort(18, (short) 62);
        elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
        header(elf, 64, 1, TEXT, 0x100000, CODE.length);
        header(elf, 64 + 56, 4, 0x100, 0, 24);
        elf.position(0x100);
        elf.putInt(4)
                .putInt(8)
                .putInt(18)
                .put("Xen\0".getBytes(StandardCharsets.US_ASCII))
                .putLong(0x100000);
        elf.position(TEXT);
        for (int instruction : CODE) {
            elf.put((byte) instruction);
        }
        kernel = Files.write(directory.resolve("kernel"), elf.array());
        empty = Files.write(directory.resolve("empty"), new byte[4096]);
    }

    private static void header(ByteBuffer elf, int at, int type, long offset, long address, long length) {
        elf.putInt(at, type).putLong(at + 8, offset).putLong(at + 24, address);
        elf.putLong(at + 32, length).putLong(at + 40, length);
    }

    @Test
    void isGivenUpIfItPowersOffWhileItIsBroughtBack() throws Exception {
        SnapshotSource snapshot = capture();
        for (int round = 0; round < ROUNDS; round++) {
            Machine machine = KvmMachine.restore(snapshot).activate(activation());
            // From at once to a little after the guest is through.
            machine.awaitEnd(Duration.ofNanos(round * 10_000_000L / ROUNDS));
            try {
                machine.rewind().close();
            } catch (EngineException e) {
                assertThat(machine.isAlive()).isFalse();
            } finally {
                machine.close();
            }
        }
        awaitNoThreads();
    }

    @Test
    void isGivenUpIfItEndedBeforeItIsActivated() throws Exception {
        KvmMachine machine = (KvmMachine) KvmMachine.restore(capture()).activate(activation());
        assertThat(machine.awaitEnd(Duration.ofSeconds(60))).isTrue();
        Prepared prepared = new KvmPrepared(machine);

        assertThatThrownBy(() -> prepared.activate(activation()))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("it ended while it waited")
                .hasMessageContaining("The machine has ended: the guest powered off.");
        prepared.close();
        awaitNoThreads();
    }

    @Test
    void anOldRunSaysThatItIsOverAndLeavesTheNextAlone() throws Exception {
        letTheGuestGoOn();
        Machine old = KvmMachine.restore(capture()).activate(activation());
        KvmMachine next = (KvmMachine) old.rewind().activate(activation());
        try {
            for (ThrowingCallable call : List.<ThrowingCallable>of(old::pause, old::resume, old::rewind)) {
                assertThatThrownBy(call)
                        .isInstanceOf(EngineException.class)
                        .hasMessageContaining("The machine has ended: brought back to its snapshot.");
            }
            old.close();
            assertThat(next.isAlive()).isTrue();
        } finally {
            next.close();
        }
        next.close();
        assertThatThrownBy(next::rewind)
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("it does not run any more. The machine has ended: closed.");
        awaitNoThreads();
    }

    /** It waits for another generation for ever. */
    private void letTheGuestGoOn() throws IOException {
        byte[] elf = Files.readAllBytes(kernel);
        assertThat(elf[TEXT + JUMP_IF_EQUAL]).isEqualTo((byte) 0x74);
        elf[TEXT + JUMP_IF_EQUAL] = (byte) 0xEB; // jmp
        Files.write(kernel, elf);
    }

    private SnapshotSource capture() throws IOException {
        Path snapshot = Files.createDirectory(directory.resolve("snapshot"));
        try (Machine machine =
                KvmMachine.boot(new MachineSpec("doomed", kernel, empty, List.of(), empty, 32, 1, snapshot))) {
            await().until(() -> machine.console().text().contains("R"));
            machine.capture(snapshot);
        }
        return new SnapshotSource("doomed", snapshot, empty, 32, 1);
    }

    private static Activation activation() {
        return new Activation(1, new byte[Activation.ENTROPY_BYTES], Clock.systemUTC(), "doomed", Map.of());
    }

    private static void awaitNoThreads() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("doomed vcpu")));
    }
}
