/** How text that others wrote appears in what we say. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.text;
