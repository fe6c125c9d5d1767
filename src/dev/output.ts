/** Writes a line on behalf of a part of `fermata dev`. */
export type Say = (part: string, line: string) => void;

const WIDTH = 'postgres'.length;
const COLOURS = new Map([
  ['fermata', 36],
  ['postgres', 34],
  ['temporal', 35],
  ['api', 32],
  ['worker', 33],
]);

/**
 * Creates one log for all parts. Each line starts with the name of its part, in the part's colour if colours are
 * enabled.
 */
export function createOutput(write: (text: string) => void, colours: boolean): Say {
  return (part, line) => {
    const prefix = `${part.padEnd(WIDTH)} │`;
    const colour = COLOURS.get(part);
    write(`${colours && colour !== undefined ? `\x1b[${colour}m${prefix}\x1b[0m` : prefix} ${line}\n`);
  };
}
