/** The meaning of a colour. */
export type Tone = 'good' | 'bad' | 'busy' | 'waiting' | 'quiet' | 'strong';

const CODES: Record<Tone, number> = { good: 32, bad: 31, busy: 36, waiting: 33, quiet: 90, strong: 1 };

/** Returns `text` in the colour of `tone`, or unchanged if colours are disabled or there is no tone. */
export function paint(text: string, tone: Tone | undefined, colours: boolean): string {
  return colours && tone !== undefined && text !== '' ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
}

const TONE_OF_STATUS = new Map<string, Tone>([
  ['success', 'good'],
  ['enabled', 'good'],
  ['healthy', 'good'],
  ['resolved', 'good'],
  ['running', 'busy'],
  ['pending', 'busy'],
  ['waiting', 'waiting'],
  ['degraded', 'waiting'],
  ['failed', 'bad'],
  ['error', 'bad'],
  ['unhealthy', 'bad'],
  ['cancelled', 'quiet'],
  ['skipped', 'quiet'],
  ['disabled', 'quiet'],
]);

/**
 * Returns the tone for a status of a run, step, automation or system. Returns undefined if the status is not coloured.
 */
export function toneOf(status: string): Tone | undefined {
  return TONE_OF_STATUS.get(status);
}

/** Returns text from an external source on one line: without control characters, and with single spaces. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
}
