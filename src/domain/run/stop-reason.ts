import { shortText } from './short-text';

/** Returns the rendered reason of a `stop` as text. Data becomes JSON. The text is truncated to its limit. */
export const stopReason = (rendered: unknown): string =>
  shortText(typeof rendered === 'string' ? rendered : (JSON.stringify(rendered) ?? ''));
