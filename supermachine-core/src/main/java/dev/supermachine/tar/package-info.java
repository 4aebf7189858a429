/**
 * The tar format, read and written in one place: header blocks, numbers, pax records, GNU long names. What an archive is for, and what follows from its
 * entries, is the business of the packages that use it.
 *
 * <p>Names, link targets and attributes are byte strings without an encoding of their own. They are held as Java strings with one char per byte
 * (ISO-8859-1), so that comparing two of them compares their bytes.
 */
@org.jspecify.annotations.NullMarked
package dev.supermachine.tar;
