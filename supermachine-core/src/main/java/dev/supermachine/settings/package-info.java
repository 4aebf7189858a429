/** Every setting of the product in one place, with its default and its documentation. The lowest package: it knows nothing of the rest. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.settings;
