package dev.supermachine.tar;

import java.nio.charset.StandardCharsets;

/** Gives the headers of an archive the checksums they should have: a fuzzer that changes bytes would get no further than the first one. */
public final class TarRepair {

    private TarRepair() {}

    /** A copy with every header's checksum made right, as far as sizes lead from one header to the next. */
    public static byte[] checksums(byte[] archive) {
        byte[] repaired = archive.clone();
        byte[] block = new byte[Ustar.BLOCK];
        for (long at = 0; at + Ustar.BLOCK <= repaired.length; ) {
            System.arraycopy(repaired, (int) at, block, 0, Ustar.BLOCK);
            if (!isZero(block)) {
                byte[] sum =
                        String.format("%06o\0 ", Ustar.checksum(block, false)).getBytes(StandardCharsets.US_ASCII);
                System.arraycopy(sum, 0, repaired, (int) at + Ustar.CHECKSUM.offset(), sum.length);
            }
            Long size = TarNumbers.field(block, Ustar.SIZE);
            if (size == null || size < 0 || size > repaired.length) {
                break;
            }
            at += Ustar.BLOCK + size + Ustar.padding(size);
        }
        return repaired;
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }
}
