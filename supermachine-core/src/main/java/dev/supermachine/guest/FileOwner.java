package dev.supermachine.guest;

/**
 * Who owns a file that is written in the guest.
 *
 * @param uid the user's number, 0 … 2³²−2, or {@link #UNCHANGED}
 * @param gid the group's number, 0 … 2³²−2, or {@link #UNCHANGED}
 */
public record FileOwner(long uid, long gid) {

    /** Keeps what an existing file has; a new one belongs to root. */
    public static final long UNCHANGED = 0xFFFF_FFFFL;

    /** Keeps user and group of an existing file; a new one belongs to root. */
    public static final FileOwner KEEP = new FileOwner(UNCHANGED, UNCHANGED);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one does not fit 32 bits
     */
    public FileOwner {
        if (uid < 0 || uid > UNCHANGED || gid < 0 || gid > UNCHANGED) {
            throw new IllegalArgumentException(
                    "Users and groups are numbers of 32 bits, but got " + uid + " and " + gid);
        }
    }
}
