/** The seam to hypervisors: what an engine must do to boot, capture, restore and reset machines. It knows nothing of images. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.engine;
