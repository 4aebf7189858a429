/** What a piece of Java code is known by, so that it can be told whether it has changed. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.code;
