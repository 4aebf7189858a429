package dev.supermachine.settings;

import java.util.Locale;

/**
 * One setting, as the documentation shows it.
 *
 * @param key its name as a system property and as a JUnit configuration parameter, {@code supermachine.<area>.<name>}
 * @param kind what a value looks like, such as {@code duration}
 * @param defaultText what holds when it is not set, in words or as a value
 * @param meaning what it does, one or two sentences
 */
public record SettingDefinition(String key, String kind, String defaultText, String meaning) {

    /**
     * Its name in the environment.
     *
     * @return {@code SUPERMACHINE_<AREA>_<NAME>}
     */
    public String environmentName() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /**
     * Its row in the table of {@code docs/settings.md}.
     *
     * @return one line of Markdown
     */
    public String markdownRow() {
        return "| `" + key + "` | `" + environmentName() + "` | " + kind + " | " + defaultText + " | " + meaning + " |";
    }
}
