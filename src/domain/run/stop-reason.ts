import { shortText } from './short-text';

/** Returns the text of a rendered reason of a `stop`: data as JSON, cut to its limit. */
export const stopReason = (rendered: unknown): string =>
  shortText(typeof rendered === 'string' ? rendered : (JSON.stringify(rendered) ?? ''));
