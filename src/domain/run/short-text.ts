/**
 * Maximum length, in characters, of the text of an error or a reason. Temporal refuses failures and results above 2 MB.
 */
const MAX_CHARACTERS = 2_000;

/** Returns `text`, truncated to `most` characters for rows and histories. */
export const shortText = (text: string, most: number = MAX_CHARACTERS): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
