package dev.supermachine.image;

import dev.supermachine.Image;
import dev.supermachine.KeptVm;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.io.IOException;
import java.time.Duration;

/**
 * Keeps a machine of Redis, closes its pool, and goes on until a line comes. Arguments: the setting that says for how long; and {@code hold} to
 * keep none, but to hold one until a line comes.
 */
final class KeepingJvm {

    private KeepingJvm() {}

    public static void main(String[] arguments) throws IOException {
        System.setProperty("supermachine.vm.keep-on-failure", arguments[0]);
        Image image = TestImages.redis();
        try (VmPool pool = image.pool().min(0).max(1).build()) {
            KeptVm kept;
            try (Vm vm = pool.acquire()) {
                if (arguments.length > 1) {
                    ProcessHandle.current()
                            .descendants()
                            .forEach(process -> System.out.println("child: " + process.pid()));
                    System.out.println("ready");
                    int unused = System.in.read();
                    return;
                }
                vm.mappedPort(6379);
                vm.exec("redis-cli", "set", "who", "kept");
                kept = vm.keep();
                System.out.println("again: " + kept.equals(vm.keep()));
                System.out.println("still: "
                        + vm.exec("redis-cli", "get", "who").stdoutText().strip());
                try {
                    vm.reset();
                } catch (IllegalStateException e) {
                    System.out.println("reset: " + e.getMessage());
                }
                vm.command("sh", "-c", "echo printed after it was kept > /dev/console")
                        .user("root")
                        .output();
            }
            try (Vm next = image.pool()
                            .min(0)
                            .max(1)
                            .acquireTimeout(Duration.ofMinutes(1))
                            .build()
                            .acquire();
                    Vm another = pool.acquire()) {
                System.out.println("next: " + who(next) + " " + who(another));
            }
            System.out.println("name: " + kept.name());
            System.out.println("pid: " + kept.pid());
            System.out.println("directory: " + kept.directory());
            System.out.println("port: " + kept.ports().get(6379));
            System.out.println("text: " + kept);
        }
        System.out.println("ready");
        int unused = System.in.read();
    }

    private static String who(Vm vm) {
        return vm.exec("redis-cli", "exists", "who").stdoutText().equals("0\n") ? "nobody" : "somebody";
    }
}
