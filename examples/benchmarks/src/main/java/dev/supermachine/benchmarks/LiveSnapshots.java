package dev.supermachine.benchmarks;

import dev.supermachine.ExecProcess;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;

/** A snapshot of a running machine that has written so many pages since its restore, and machines of it beside those of its base. */
final class LiveSnapshots implements Benchmark {

    private static final int[] PAGES = {0, 1000, 10_000};

    @Override
    public String name() {
        return "snapshot";
    }

    @Override
    public String what() {
        return "a snapshot of a running machine by pages it has written: time, pause, size, restore";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        List<Row> rows = new ArrayList<>();
        for (int pages : PAGES) {
            Figures figures = new Figures();
            int count = stage.count(20, 5);
            for (int i = 0; i < count; i++) {
                sample(stage, pages, figures);
            }
            String suffix = "-" + pages;
            rows.add(new Row(name() + suffix, "ms", figures.whole, "", null, Goal.none()));
            rows.add(new Row(name() + "-pause" + suffix, "ms", figures.pause, "", null, Goal.none()));
            rows.add(new Row(name() + "-size" + suffix, "MiB", figures.size, "", null, Goal.none()));
            rows.add(new Row(
                    name() + "-restore" + suffix, "ms", figures.restore, "its base", figures.base, Goal.none()));
            rows.add(new Row(
                    name() + "-compacted" + suffix, "ms", figures.compacted, "its base", figures.base, Goal.none()));
        }
        return rows;
    }

    private static void sample(Stage stage, int pages, Figures figures) throws Exception {
        Path directory = Stage.scratch();
        try {
            Path taken = directory.resolve("taken");
            Image image;
            try (Vm vm = stage.postgres().start(VmConfig.defaults());
                    ExecProcess echo = vm.command("cat").spawn()) {
                vm.exec("dd", "if=/dev/urandom", "of=/dev/shm/pages", "bs=4096", "count=" + pages);
                FutureTask<Image> snapshot = new FutureTask<>(() -> {
                    long start = System.nanoTime();
                    Image made = vm.snapshot(taken);
                    figures.whole.addMillisSince(start);
                    return made;
                });
                Thread thread = new Thread(snapshot, "snapshot");
                thread.start();
                figures.pause.add(longestEcho(echo, snapshot) / 1e6);
                image = snapshot.get();
            }
            figures.size.add(SparseFile.allocatedBytes(taken.resolve("machine/pages")) / (double) (1 << 20));
            Image compacted = image.compact(directory.resolve("compacted"));
            restore(stage.postgres(), new Samples());
            restore(image, figures.restore);
            restore(stage.postgres(), figures.base);
            restore(compacted, figures.compacted);
        } finally {
            Stage.delete(directory);
        }
    }

    /** What somebody notices who talks to the machine meanwhile, in nanoseconds. */
    private static long longestEcho(ExecProcess echo, FutureTask<?> until) throws IOException {
        long longest = 0;
        while (!until.isDone()) {
            long start = System.nanoTime();
            echo.stdin().write('x');
            echo.stdin().flush();
            if (echo.stdout().read() < 0) {
                throw new IOException("the echo ended");
            }
            longest = Math.max(longest, System.nanoTime() - start);
        }
        return longest;
    }

    private static void restore(Image image, Samples samples) {
        long start = System.nanoTime();
        Vm vm = image.start(VmConfig.defaults());
        samples.addMillisSince(start);
        vm.close();
    }

    private static final class Figures {
        private final Samples whole = new Samples();
        private final Samples pause = new Samples();
        private final Samples size = new Samples();
        private final Samples restore = new Samples();
        private final Samples compacted = new Samples();
        private final Samples base = new Samples();
    }
}
