package dev.supermachine.junit;

import dev.supermachine.VolumeSpec;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** A volume as an annotation writes it. */
final class VolumeText {

    /** The guest's path is absolute, so what is before its slash belongs to the host; a size has no slash. */
    private static final Pattern FORM = Pattern.compile("(.+):(/.*):([0-9]{1,15})([KMGT]?)");

    private static final String UNITS = "KMGT";

    private VolumeText() {}

    /** Reads {@code HOST:GUEST:SIZE}. */
    static VolumeSpec parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw wrong(text);
        }
        String unit = form.group(4);
        int shift = unit.isEmpty() ? 0 : 10 * (UNITS.indexOf(unit) + 1);
        long number = Long.parseLong(form.group(3));
        if (number > Long.MAX_VALUE >> shift) {
            throw wrong(text);
        }
        return VolumeSpec.of(Path.of(form.group(1)), form.group(2)).withSizeBytes(number << shift);
    }

    private static ExtensionConfigurationException wrong(String text) {
        return new ExtensionConfigurationException("@MicroVm(volumes) expects HOST:GUEST:SIZE, a path of this host, an"
                + " absolute one in the machine and a size such as 64M, but one entry is: '" + text + "'");
    }
}
