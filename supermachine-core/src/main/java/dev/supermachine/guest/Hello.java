package dev.supermachine.guest;

/**
 * What the agent says of itself when the guest's root file system is in place.
 *
 * @param version the version of the agent protocol it speaks
 * @param build the agent's build id
 * @param kernel the guest kernel's release
 */
public record Hello(long version, String build, String kernel) {}
