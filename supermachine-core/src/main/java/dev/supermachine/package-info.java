/** What users touch: images, machines and pools, as interfaces and values. */
@org.jspecify.annotations.NullMarked
package dev.supermachine;
