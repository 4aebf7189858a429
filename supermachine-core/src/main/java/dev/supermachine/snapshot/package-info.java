/** The snapshots on disk: their layout, their manifest, atomic publishing, locks between processes, integrity and pruning. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.snapshot;
