package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Vm;

/** A C compiler: nothing that listens, all by commands. */
final class CompilerService implements Service {

    private static final String PROGRAM = "#include <stdio.h>\nint main(void) { puts(\"%s\"); return 0; }\n";

    @Override
    public void answer(Vm vm) {
        assertThat(compileAndRun(vm, "/tmp/hello", "hello")).isEqualTo("hello\n");
    }

    @Override
    public void write(Vm vm) {
        assertThat(compileAndRun(vm, "/src/mark", MARK)).isEqualTo(MARK + "\n");
    }

    @Override
    public boolean holds(Vm vm) {
        return vm.exec("test", "-e", "/src/mark").success();
    }

    private static String compileAndRun(Vm vm, String program, String words) {
        vm.writeFile(program + ".c", PROGRAM.formatted(words));
        ExecResult compiled = vm.exec("gcc", "-O2", "-o", program, program + ".c");
        assertThat(compiled.success()).as("%s", compiled).isTrue();
        return vm.exec(program).stdoutText();
    }
}
