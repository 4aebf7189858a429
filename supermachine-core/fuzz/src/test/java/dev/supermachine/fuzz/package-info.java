/** What all fuzz targets share, and the test that replays their inputs. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.fuzz;
