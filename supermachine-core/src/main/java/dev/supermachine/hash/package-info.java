/** The one hash that everything here is named and checked by. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.hash;
