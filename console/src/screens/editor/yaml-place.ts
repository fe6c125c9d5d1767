/** A path in the document, as keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** A key of the document at any depth, with its value. */
export interface Entry {
  path: Path;
  /** The value as written. Empty for block maps and lists. */
  value: string;
  /** Offset of the key in the text. */
  at: number;
}

/** Where the cursor is. */
export interface Place {
  /** For `key`, the path of the map that contains the key. For `value`, the path of the value. */
  path: Path;
  kind: 'key' | 'value';
  /** The part of the key or value before the cursor. */
  prefix: string;
  /** Offset at which `prefix` begins. */
  from: number;
  indent: number;
}

interface Frame {
  indent: number;
  kind: 'map' | 'list';
  path: Path;
  index: number;
}

interface State {
  frames: Frame[];
  /** The last key or list item that has no value yet. */
  pending: { path: Path; indent: number } | undefined;
  block: { path: Path; indent: number } | undefined;
}

const KEY = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#{}[\],&*!|>'"%@`-][^:#]*?|-[^\s:#][^:#]*?)\s*:(?=\s|$)/;

/**
 * Returns the keys and values of a YAML text, derived from its indentation. Also accepts incomplete text, which
 * completion needs and a real parser rejects.
 */
export function scanYaml(text: string): Entry[] {
  const state = newState();
  const entries: Entry[] = [];
  let at = 0;
  for (const line of text.split('\n')) {
    readLine(state, line, at, (entry) => entries.push(entry));
    at += line.length + 1;
  }
  return entries;
}

/** Returns the place at an offset of the text. */
export function placeAt(text: string, offset: number): Place {
  const state = newState();
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  let at = 0;
  for (const line of text.slice(0, Math.max(0, start - 1)).split('\n')) {
    if (start > 0) readLine(state, line, at, () => undefined);
    at += line.length + 1;
  }
  return lastPlace(state, text.slice(start, offset), start);
}

const newState = (): State => ({
  frames: [{ indent: 0, kind: 'map', path: [], index: 0 }],
  pending: undefined,
  block: undefined,
});

const indentOf = (line: string): number => line.length - line.trimStart().length;

function readLine(state: State, line: string, offset: number, emit: (entry: Entry) => void): void {
  const content = line.trim();
  if (content === '' || content.startsWith('#')) return;
  let column = indentOf(line);
  if (state.block !== undefined && column > state.block.indent) return;
  state.block = undefined;
  let rest = line.slice(column);
  for (;;) {
    const item = /^-(\s+|$)/.exec(rest);
    if (item === null) break;
    enterItem(state, column);
    column += Math.max(2, item[0].length);
    rest = rest.slice(item[0].length);
    if (rest === '') return;
  }
  const key = KEY.exec(rest);
  if (key === null)
    return void (rest.startsWith('{') || rest.startsWith('[')
      ? emitFlow(state, rest, offset + column, emit)
      : undefined);
  const map = enterMap(state, column);
  const path = [...map.path, unquoted(key[1] ?? '')];
  const value = stripComment(rest.slice(key[0].length).trim());
  state.pending = value === '' ? { path, indent: column } : undefined;
  if (/^[|>][+-]?\d*$/.test(value)) state.block = { path, indent: column };
  emit({ path, value, at: offset + column });
  if (/^[{[]/.test(value)) readFlow(path, value, offset + line.indexOf(value, column), emit);
}

function emitFlow(state: State, rest: string, at: number, emit: (entry: Entry) => void): void {
  const path = state.pending?.path ?? state.frames.at(-1)?.path ?? [];
  readFlow(path, rest, at, emit);
}

/** Returns a value without the comment after it. */
function stripComment(value: string): string {
  if (/^["']/.test(value)) return value;
  const at = value.search(/\s#/);
  return value.startsWith('#') ? '' : at < 0 ? value : value.slice(0, at).trim();
}

const unquoted = (text: string): string => (/^(["']).*\1$/.test(text) ? text.slice(1, -1) : text);

function leave(state: State, column: number): void {
  while (state.frames.length > 1 && (state.frames.at(-1)?.indent ?? 0) > column) state.frames.pop();
}

function enterItem(state: State, column: number): void {
  leave(state, column);
  let top = state.frames.at(-1);
  const starts = state.pending !== undefined && state.pending.indent <= column;
  if (top?.kind !== 'list' || top.indent !== column || (starts && state.pending?.path.length !== top.path.length)) {
    const path = starts ? (state.pending?.path ?? []) : (top?.path ?? []);
    if (top?.kind === 'list' && top.indent === column && samePath(top.path, path)) top.index += 1;
    else {
      top = { indent: column, kind: 'list', path, index: 0 };
      state.frames.push(top);
    }
  } else top.index += 1;
  state.pending = { path: [...top.path, top.index], indent: column };
}

const samePath = (a: Path, b: Path): boolean => a.length === b.length && a.every((each, index) => each === b[index]);

function enterMap(state: State, column: number): Frame {
  leave(state, column);
  const top = state.frames.at(-1);
  // YAML allows a list at the same indentation as its key. The next key at that indentation ends the list.
  if (top?.kind === 'list' && top.indent === column && state.pending?.indent !== column) {
    state.frames.pop();
    return enterMap(state, column);
  }
  if (top?.kind === 'map' && top.indent === column) return top;
  const path = state.pending !== undefined && state.pending.indent < column ? state.pending.path : (top?.path ?? []);
  const frame: Frame = { indent: column, kind: 'map', path, index: 0 };
  state.frames.push(frame);
  return frame;
}

function lastPlace(state: State, before: string, start: number): Place {
  let column = indentOf(before);
  if (state.block !== undefined && (column > state.block.indent || before.trim() === '')) {
    const prefix = before.slice(column);
    return { path: state.block.path, kind: 'value', prefix, from: start + column, indent: column };
  }
  let rest = before.slice(column);
  for (;;) {
    const item = /^-\s+/.exec(rest);
    if (item === null) break;
    enterItem(state, column);
    column += item[0].length;
    rest = rest.slice(item[0].length);
  }
  const key = KEY.exec(rest);
  if (key === null) {
    if (/^[{[]/.test(rest)) return flowPlace(itemPath(state, column), rest, start + column, column);
    return { path: containerPath(state, column), kind: 'key', prefix: rest, from: start + column, indent: column };
  }
  const path = [...enterMap(state, column).path, unquoted(key[1] ?? '')];
  const raw = rest.slice(key[0].length);
  const value = raw.trimStart();
  const from = start + before.length - value.length;
  if (/^[{[]/.test(value)) return flowPlace(path, value, from, column);
  return { path, kind: 'value', prefix: value, from, indent: column };
}

const itemPath = (state: State, column: number): Path =>
  state.pending !== undefined && state.pending.indent < column ? state.pending.path : containerPath(state, column);

/** Returns the path of the map or list item to which a new key at this column would belong. */
function containerPath(state: State, column: number): Path {
  leave(state, column);
  if (state.pending !== undefined && state.pending.indent < column) return state.pending.path;
  for (let index = state.frames.length - 1; index >= 0; index -= 1) {
    const frame = state.frames[index];
    if (frame?.kind === 'map' && frame.indent <= column) return frame.path;
  }
  return [];
}

/** Reads a flow map `{…}` or list `[…]`. Calls `emit` for each entry and returns the place at the end of the text. */
function readFlow(root: Path, text: string, start: number, emit: (entry: Entry) => void) {
  const open: { kind: 'map' | 'list'; path: Path; index: number; key?: string }[] = [];
  let begin = 0;
  let quote = '';
  const top = () => open.at(-1);
  const valuePath = (): Path => {
    const frame = top();
    if (frame === undefined) return root;
    return [...frame.path, frame.kind === 'list' ? frame.index : (frame.key ?? '')];
  };
  const close = (end: number) => {
    const frame = top();
    const value = text.slice(begin, end).trim();
    if (frame?.kind === 'map' && frame.key !== undefined) emit({ path: valuePath(), value, at: start + begin });
  };
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
      continue;
    }
    const frame = top();
    switch (char) {
      case '"':
      case "'":
        quote = char;
        break;
      case '{':
      case '[':
        // Inside a plain scalar, a bracket is an ordinary character.
        if (text.slice(begin, index).trim() !== '') break;
        open.push({ kind: char === '{' ? 'map' : 'list', path: valuePath(), index: 0 });
        begin = index + 1;
        break;
      case '}':
      case ']':
        close(index);
        open.pop();
        begin = index + 1;
        break;
      case ',':
        close(index);
        if (frame?.kind === 'list') frame.index += 1;
        else if (frame !== undefined) delete frame.key;
        begin = index + 1;
        break;
      case ':':
        if (!/\s|$/.test(text[index + 1] ?? '') || frame?.kind !== 'map' || frame.key !== undefined) break;
        frame.key = unquoted(text.slice(begin, index).trim());
        begin = index + 1;
        break;
      default:
    }
  }
  return { frame: top(), path: valuePath(), begin };
}

function flowPlace(root: Path, text: string, start: number, indent: number): Place {
  const { frame, path, begin } = readFlow(root, text, start, () => undefined);
  const prefix = text.slice(begin).trimStart();
  const from = start + text.length - prefix.length;
  if (frame === undefined) return { path: root, kind: 'value', prefix: '', from: start + text.length, indent };
  if (frame.kind === 'map' && frame.key === undefined) return { path: frame.path, kind: 'key', prefix, from, indent };
  return { path, kind: 'value', prefix, from, indent };
}
