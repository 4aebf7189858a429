/** Puts the parts together behind the public API: builder, bake, image, pool. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.image;
