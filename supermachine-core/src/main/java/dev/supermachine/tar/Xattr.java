package dev.supermachine.tar;

/**
 * An extended attribute.
 *
 * @param name with the name space, such as {@code user.}; a byte string
 * @param value not empty; a byte string
 * @since 0.1
 */
public record Xattr(String name, String value) {}
