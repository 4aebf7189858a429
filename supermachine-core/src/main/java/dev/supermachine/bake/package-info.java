/** From an image to a snapshot: what goes into a bake, and when the machine is captured. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.bake;
