package dev.supermachine.benchmarks;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON array with one object a line. A row that is measured again takes the place of the older one of its name. */
final class ResultsFile {

    private ResultsFile() {}

    static void join(Path file, List<Row> rows) throws IOException {
        Map<String, String> lines = new LinkedHashMap<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String object = line.strip();
                if (object.startsWith("{")) {
                    object = object.endsWith(",") ? object.substring(0, object.length() - 1) : object;
                    lines.put(JsonDocument.parse(object).string("name"), object);
                }
            }
        }
        rows.forEach(row -> lines.put(row.name(), JsonWriter.compact(row.members())));
        Files.createDirectories(file.toAbsolutePath().getParent());
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, "[\n" + String.join(",\n", lines.values()) + "\n]\n");
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
