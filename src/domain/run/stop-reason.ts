import { shortText } from './short-text';

/** Returns the rendered reason of a `stop` as text. Data becomes JSON. The text is truncated to 2,000 characters. */
export const stopReason = (rendered: unknown): string =>
  shortText(typeof rendered === 'string' ? rendered : (JSON.stringify(rendered) ?? ''));
