package dev.supermachine.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the jar's version, where there is a jar. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"supermachine " + (version == null ? "(not packed)" : version)};
    }
}
