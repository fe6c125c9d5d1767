/** Minimum number of characters of a masked value. Shorter values cannot be distinguished from ordinary text. */
export const MIN_SECRET_LENGTH = 4;
