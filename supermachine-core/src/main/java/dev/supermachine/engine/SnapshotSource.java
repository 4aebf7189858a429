package dev.supermachine.engine;

import java.nio.file.Path;

/**
 * A captured machine as an engine needs it.
 *
 * @param name the name of the machine to be, for messages and process lists
 * @param directory the directory that {@link Machine#capture(Path)} filled, read-only now
 * @param rootImage the read-only root file system image it was booted with
 * @param memoryMib guest memory in MiB, as booted
 * @param vcpus number of virtual CPUs, as booted
 */
public record SnapshotSource(String name, Path directory, Path rootImage, int memoryMib, int vcpus) {}
