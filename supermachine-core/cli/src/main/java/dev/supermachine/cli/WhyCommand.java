package dev.supermachine.cli;

import dev.supermachine.bake.BakeListener;
import dev.supermachine.bake.Forecast;
import dev.supermachine.bake.InputDifference;
import dev.supermachine.bake.Miss;
import dev.supermachine.image.Images;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Says whether a bake would find its snapshot, and if not, why. */
@Command(
        name = "why",
        description =
                "Say whether a bake with the same options would find its snapshot, and if not, which input keeps it from that."
                        + " Pulls the image, bakes nothing. Ends with 0 for a hit and 3 for a miss.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class WhyCommand extends ImageCommand {

    @Parameters(paramLabel = "REF", description = "The image: a reference, oci-layout:PATH or oci-archive:PATH.")
    private String reference = "";

    WhyCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        Forecast forecast = Images.forecast(builder(reference, settings(Optional.empty()), BakeListener.SILENT));
        if (json()) {
            print(json(forecast));
        } else {
            tell(forecast);
        }
        return forecast.snapshot().isPresent() ? ExitStatus.OK : ExitStatus.MISS;
    }

    private void tell(Forecast forecast) {
        forecast.snapshot().ifPresent(directory -> out().println("hit    " + directory));
        forecast.damage().ifPresent(message -> out().println("miss   " + message));
        forecast.miss().ifPresent(miss -> {
            if (miss.differences().isEmpty()) {
                out().println("miss   " + miss.sentence());
            } else {
                out().println("miss   in comparison with " + directory(miss) + ":");
                miss.differences().forEach(difference -> out().println("       " + difference.words()));
            }
        });
    }

    private static String directory(Miss miss) {
        return miss.similar().map(there -> there.directory().toString()).orElse("");
    }

    private static Map<String, Object> json(Forecast forecast) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("hit", forecast.snapshot().isPresent());
        json.put("fingerprint", forecast.fingerprint());
        forecast.snapshot().ifPresent(directory -> json.put("directory", directory.toString()));
        forecast.damage().ifPresent(message -> json.put("reason", message));
        forecast.miss().ifPresent(miss -> {
            json.put("reason", miss.sentence());
            if (miss.similar().isPresent()) {
                json.put("similar", directory(miss));
            }
            json.put("differences", differences(miss.differences()));
        });
        json.put("inputs", forecast.inputs());
        return json;
    }

    private static List<Map<String, Object>> differences(List<InputDifference> differences) {
        return differences.stream()
                .map(difference -> {
                    Map<String, Object> json = new LinkedHashMap<>();
                    json.put("input", difference.input());
                    json.put("there", difference.there());
                    json.put("wanted", difference.wanted());
                    json.put("words", difference.words());
                    return json;
                })
                .toList();
    }
}
