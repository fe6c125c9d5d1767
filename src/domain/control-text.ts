/** Control characters except tab and line feed, line separators, and characters that change the direction of text. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns the text in which a terminal shows characters that it would otherwise act on, as `\u001b`. */
export const showControls = (text: string): string =>
  text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Like `showControls`, on one line. */
export const onOneLine = (text: string): string => showControls(text).replace(/\n/g, '\\n').replace(/\t/g, '\\t');
