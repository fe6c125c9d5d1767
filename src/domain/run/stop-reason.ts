import { shortText } from './short-text';

/** Returns the text of a rendered `stop` reason: data as JSON, truncated to its limit. */
export const stopReason = (rendered: unknown): string =>
  shortText(typeof rendered === 'string' ? rendered : (JSON.stringify(rendered) ?? ''));
