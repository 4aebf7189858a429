package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import dev.supermachine.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Any bytes as the configuration of an image: refused, or the same again when what was understood is written and read. */
public final class ConfigFuzz {

    private ConfigFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        ImageConfig config;
        try {
            config = ImageConfig.parse(input, "The configuration of fuzz");
        } catch (ImageException e) {
            Oracle.requireGoodMessage(e);
            return;
        }
        Oracle.require(!config.platform().os().isBlank(), "a platform without an operating system");
        for (int port : config.tcpPorts()) {
            Oracle.require(port >= 0 && port <= 99_999, "port " + port);
        }
        config.healthcheck().ifPresent(check -> {
            Oracle.require(check.interval().toNanos() > 0 && check.timeout().toNanos() > 0, "no time in " + check);
            Oracle.require(!check.startPeriod().isNegative() && check.retries() > 0, "less than nothing in " + check);
        });
        byte[] again = write(config).getBytes(StandardCharsets.UTF_8);
        Oracle.requireEqual(config, ImageConfig.parse(again, "fuzz"), "written and read again");
    }

    private static String write(ImageConfig config) {
        List<String> env = config.env().entrySet().stream()
                .map(variable -> variable.getKey() + "=" + variable.getValue())
                .toList();
        Map<String, Object> ports =
                config.exposedPorts().stream().collect(Collectors.toMap(port -> port, port -> Map.of()));
        Map<String, Object> run = new TreeMap<>();
        run.put("Entrypoint", config.entrypoint());
        run.put("Cmd", config.cmd());
        run.put("Env", env);
        run.put("User", config.user());
        run.put("WorkingDir", config.workingDir());
        run.put("StopSignal", config.stopSignal());
        run.put("ExposedPorts", ports);
        run.put("Labels", config.labels());
        config.healthcheck().ifPresent(check -> {
            run.put(
                    "Healthcheck",
                    Map.of(
                            "Test",
                            check.test(),
                            "Interval",
                            check.interval().toNanos(),
                            "Timeout",
                            check.timeout().toNanos(),
                            "StartPeriod",
                            check.startPeriod().toNanos(),
                            "Retries",
                            check.retries()));
            run.put("Shell", check.shell());
        });
        return JsonWriter.compact(Map.of(
                "os",
                config.os(),
                "architecture",
                config.architecture(),
                "variant",
                config.variant(),
                "config",
                run,
                "rootfs",
                Map.of("diff_ids", config.diffIds())));
    }
}
