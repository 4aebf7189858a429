/** Image references to verified bytes on disk: registries, layouts and archives in, one content store out. It knows nothing of machines. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.oci;
