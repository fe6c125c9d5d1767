import { addSpan, type Span } from './spans';

/** Returns all occurrences of the compiled strings as spans in ascending order. Overlapping spans are joined. */
export type FindAll = (input: string) => Span[];

/** Returns a number for a block of three characters. Tables are indexed by its low bits. */
const blockOf = (first: number, second: number, third: number): number =>
  (first << 12) ^ (first >> 2) ^ (second << 6) ^ (second >> 6) ^ third;
/**
 * Maximum depth of the automaton. Longer strings are found by their first characters and then compared as a whole by
 * their hash.
 */
const MAX_DEPTH = 64;
/** Depth of the automaton below which the search starts skipping blocks again. */
const SHALLOW = 3;
const HASH_BASE = 0x01000193;
const { imul } = Math;

/** A string that is longer than `MAX_DEPTH`. */
interface Long {
  length: number;
  hash: number;
  /** `HASH_BASE` to the power of the length. */
  power: number;
}

/**
 * Compiles strings of at least three characters into one search. The search skips from one block of three characters to
 * another (Wu and Manber) until one of the strings may begin, and then follows it in an automaton (Aho and Corasick).
 * The time is linear in the length of the input. Long strings are compared only by their hash, so crafted input may
 * match without being equal.
 */
export function compileMatcher(texts: readonly string[]): FindAll {
  if (texts.length === 0) return () => [];
  const shortest = texts.reduce((least, { length }) => Math.min(least, length), MAX_DEPTH);
  const shifts = shiftsOf(texts, shortest);
  const last = shifts.length - 1;
  const { step, depth, output, long } = compileAutomaton(texts);

  return (input) => {
    const spans: Span[] = [];
    let hashes: Int32Array | undefined;
    const addLong = (start: number, list: readonly Long[]): void => {
      hashes ??= prefixHashes(input);
      for (const { length, hash, power } of list) {
        const end = start + length;
        if (end > input.length) continue;
        if ((((hashes[end] ?? 0) - imul(hashes[start] ?? 0, power)) | 0) !== hash) continue;
        addSpan(spans, start, end);
        return;
      }
    };
    for (let at = shortest - 1; at < input.length;) {
      const block = blockOf(input.charCodeAt(at - 2), input.charCodeAt(at - 1), input.charCodeAt(at));
      const shift = shifts[block & last] ?? 0;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const from = at - shortest + 1;
      let position = from;
      let node = 0;
      do {
        node = step(node, input.charCodeAt(position));
        position += 1;
        const length = output[node] ?? 0;
        if (length > 0) addSpan(spans, position - length, position);
        if (depth[node] === MAX_DEPTH) addLong(position - MAX_DEPTH, long.get(node) ?? []);
        // Returns to skipping, but never to a position before the start of this walk.
      } while (position < input.length && ((depth[node] ?? 0) >= SHALLOW || position - (depth[node] ?? 0) <= from));
      at = position - (depth[node] ?? 0) + shortest - 1;
      if (position >= input.length) break;
    }
    return spans;
  };
}

/**
 * Returns how far the search may skip after each block of three characters; 0 = the block may be at the end of the
 * first `shortest` characters of a string.
 */
function shiftsOf(texts: readonly string[], shortest: number): Uint8Array {
  // The table has 16 times as many entries as there are blocks, so that most entries are free: 4 kB for one text, at
  // most 256 kB.
  const bits = Math.min(18, Math.max(12, Math.ceil(Math.log2(16 * texts.length * shortest))));
  const shifts = new Uint8Array(2 ** bits).fill(shortest - 2);
  for (const text of texts) {
    for (let end = 2; end < shortest; end += 1) {
      const block = blockOf(text.charCodeAt(end - 2), text.charCodeAt(end - 1), text.charCodeAt(end));
      shifts[block & (shifts.length - 1)] = Math.min(shifts[block & (shifts.length - 1)] ?? 0, shortest - 1 - end);
    }
  }
  return shifts;
}

/** Returns the hashes of all prefixes of `text`. */
function prefixHashes(text: string): Int32Array {
  const hashes = new Int32Array(text.length + 1);
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = (imul(hash, HASH_BASE) + text.charCodeAt(at) + 1) | 0;
    hashes[at + 1] = hash;
  }
  return hashes;
}

interface Automaton {
  /** Returns the node that is reached from a node with the next character; 0 is the root. */
  step(node: number, char: number): number;
  depth: Uint8Array;
  /** Length of the longest complete string that ends in a node; 0 = none. */
  output: Uint8Array;
  /** Strings that are longer than `MAX_DEPTH`, by the node to which their first characters lead. */
  long: ReadonlyMap<number, readonly Long[]>;
}

function compileAutomaton(texts: readonly string[]): Automaton {
  let characters = 1;
  for (const { length } of texts) characters += Math.min(length, MAX_DEPTH);
  const size = 2 ** Math.ceil(Math.log2(2 * characters));
  const table = new Int32Array(size);
  const [parents, chars, fails] = [new Int32Array(characters), new Uint16Array(characters), new Int32Array(characters)];
  const [depth, output] = [new Uint8Array(characters), new Uint8Array(characters)];
  const long = new Map<number, Long[]>();
  let nodes = 1;

  const slotOf = (node: number, char: number): number => {
    let slot = (imul(node, 0x9e3779b1) ^ imul(char, 0x85ebca6b)) & (size - 1);
    for (let child = table[slot] ?? 0; child !== 0; child = table[slot] ?? 0) {
      if (parents[child] === node && chars[child] === char) return slot;
      slot = (slot + 1) & (size - 1);
    }
    return slot;
  };
  const step = (from: number, char: number): number => {
    for (let node = from; ; node = fails[node] ?? 0) {
      const child = table[slotOf(node, char)] ?? 0;
      if (child !== 0 || node === 0) return child;
    }
  };
  for (const text of texts) {
    let node = 0;
    const end = Math.min(text.length, MAX_DEPTH);
    for (let at = 0; at < end; at += 1) {
      const char = text.charCodeAt(at);
      const slot = slotOf(node, char);
      if (table[slot] === 0) {
        table[slot] = nodes;
        [parents[nodes], chars[nodes], depth[nodes]] = [node, char, at + 1];
        nodes += 1;
      }
      node = table[slot] ?? 0;
    }
    if (text.length === end) output[node] = end;
    else long.set(node, [...(long.get(node) ?? []), longOf(text)]);
  }
  // The longest match covers the others.
  for (const list of long.values()) list.sort((a, b) => b.length - a.length);
  // Nodes are processed by depth, because the fallback of a node is always less deep.
  const byDepth = Array.from({ length: MAX_DEPTH + 1 }, (): number[] => []);
  for (let node = 1; node < nodes; node += 1) byDepth[depth[node] ?? 0]?.push(node);
  for (const node of byDepth.flat()) {
    const parent = parents[node] ?? 0;
    const fail = parent === 0 ? 0 : step(fails[parent] ?? 0, chars[node] ?? 0);
    fails[node] = fail;
    if (output[node] === 0) output[node] = output[fail] ?? 0;
  }
  return { step, depth, output, long };
}

function longOf(text: string): Long {
  let [hash, power] = [0, 1];
  for (let at = 0; at < text.length; at += 1) {
    hash = (imul(hash, HASH_BASE) + text.charCodeAt(at) + 1) | 0;
    power = imul(power, HASH_BASE);
  }
  return { length: text.length, hash, power };
}
