/**
 * Matches line separators, characters that change the direction of text, and control characters except tab and line
 * feed.
 */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Returns the text with control characters written as escapes such as `\u001b`, so that a terminal shows them instead
 * of acting on them.
 */
export const showControls = (text: string): string =>
  text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Returns the result of `showControls` on one line, with line feeds and tabs written as `\n` and `\t`. */
export const onOneLine = (text: string): string => showControls(text).replace(/\n/g, '\\n').replace(/\t/g, '\\t');
