package dev.supermachine.guest;

/**
 * A disk that the agent mounts.
 *
 * @param guestPath where, an absolute path; made if missing
 * @param isNew whether it was never mounted before: then it gets the owner and mode of the directory that it is mounted over
 */
public record VolumeMount(String guestPath, boolean isNew) {}
