/** JSON documents as values. The only package that knows which library parses them. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.json;
