import {
  autocompletion,
  closeBrackets,
  startCompletion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { changedPart } from './changed-part';
import { fixOf, rangeOf, type PlacedFinding } from './findings';
import { describeAt } from './hover';
import { readRemoteOptions } from './knowledge';
import { remoteFieldAt, yamlScalar, type RemoteField } from './remote-options';
import type { Knowledge } from './schema-walk';
import { suggestAt } from './suggest';

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--warn)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--faint)', fontStyle: 'italic' },
  { tag: [tags.separator, tags.punctuation, tags.meta], color: 'var(--soft)' },
]);

interface CodeEditorProps {
  text: string;
  findings: readonly PlacedFinding[];
  knowledge: Knowledge | undefined;
  readOnly: boolean;
  /** Offset to move the cursor to. Passing a new object moves the cursor again, even to the same offset. */
  goTo: { offset: number } | undefined;
  onChange(text: string): void;
  onSave(): void;
}

/**
 * A YAML editor with completion, findings and hover texts. Tab indents; Escape followed by Tab moves the focus out of
 * the editor.
 */
export default function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const current = useRef(props);
  current.current = props;
  useEffect(() => {
    if (host.current === null) return;
    const state = EditorState.create({ doc: current.current.text, extensions: extensionsOf(current) });
    const made = new EditorView({ state, parent: host.current });
    // Lets keyboard users scroll the text, even when it is read-only.
    made.scrollDOM.tabIndex = 0;
    view.current = made;
    return () => made.destroy();
  }, [props.readOnly]);
  useEffect(() => {
    const editor = view.current;
    const shown = editor?.state.doc.toString();
    if (editor === undefined || shown === undefined || shown === props.text) return;
    // Only the part that differs is replaced, so that the cursor and the scroll position stay where they are.
    editor.dispatch({ changes: changedPart(shown, props.text) });
  }, [props.text]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor, props.findings)));
  }, [props.findings]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || props.goTo === undefined) return;
    const anchor = Math.min(props.goTo.offset, editor.state.doc.length);
    editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
    editor.focus();
  }, [props.goTo]);
  return <div className="code" ref={host} />;
}

function extensionsOf(current: { readonly current: CodeEditorProps }): Extension[] {
  const nonce = document.querySelector('meta[name="style-nonce"]')?.getAttribute('content') ?? '';
  const { readOnly } = current.current;
  return [
    EditorView.cspNonce.of(nonce),
    EditorView.contentAttributes.of({ 'aria-label': 'Definition' }),
    ...[lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), highlightActiveLine()],
    ...[highlightSelectionMatches(), search({ top: true }), lintGutter(), indentUnit.of('  '), yaml()],
    ...[syntaxHighlighting(COLOURS), EditorState.readOnly.of(readOnly), EditorView.lineWrapping],
    autocompletion({ override: [(context) => complete(context, current.current.knowledge)], icons: false }),
    hoverTooltip((editor, at) => hover(editor, at, current.current.knowledge)),
    keymap.of([
      { key: 'Mod-s', preventDefault: true, run: () => (current.current.onSave(), true) },
      { key: 'Tab', run: indentMore, shift: indentLess },
      ...[...defaultKeymap, ...historyKeymap, ...searchKeymap],
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) current.current.onChange(update.state.doc.toString());
    }),
  ];
}

function complete(context: CompletionContext, knowledge: Knowledge | undefined) {
  if (knowledge === undefined) return null;
  const text = context.state.doc.toString();
  const remote = remoteFieldAt(text, context.pos, knowledge);
  if (remote !== undefined) return completeRemote(context, remote);
  const { from, options, kind } = suggestAt(text, context.pos, knowledge);
  const typed = text.slice(from, context.pos);
  const opens = /[.[|{]\s?$/.test(text.slice(0, context.pos));
  if (options.length === 0 || (!context.explicit && typed === '' && !opens)) return null;
  return {
    from,
    options: options.map(({ apply, ...option }) => ({
      ...option,
      type: kind,
      ...(apply === undefined
        ? {}
        : {
            apply: (view: EditorView, _option: unknown, start: number, end: number) => {
              view.dispatch({
                changes: { from: start, to: end, insert: apply },
                selection: { anchor: start + apply.length },
              });
              if (/[:-] $|\n\s+$/.test(apply)) startCompletion(view);
            },
          }),
    })),
    validFor: /^[\w.-]*$/,
  };
}

/**
 * Completes a field with values read from the connection's product, such as channels. If they cannot be read, the list
 * shows the reason, but only when the user asked for completion.
 */
async function completeRemote(context: CompletionContext, remote: RemoteField): Promise<CompletionResult | null> {
  const { from, connectionName, field } = remote;
  const isQuoted = /["']/.test(context.state.sliceDoc(from - 1, from));
  try {
    const items = await readRemoteOptions(remote);
    if (context.aborted || items.length === 0) return null;
    return {
      from,
      options: items.map(({ value, label }) => ({
        ...{ label, type: 'value', apply: yamlScalar(value, isQuoted) },
        ...(label === value ? {} : { detail: value }),
        info: `${field} of ${connectionName}`,
      })),
      validFor: /^[^"'\n]*$/,
    };
  } catch (error) {
    // Do not interrupt the user's typing with an error.
    if (!context.explicit || context.aborted) return null;
    const reason = error instanceof Error ? error.message : String(error);
    const label = `Could not read values from ${connectionName}: ${reason}`;
    return { from: context.pos, options: [{ label, type: 'note', apply: '' }], filter: false };
  }
}

function hover(editor: EditorView, at: number, knowledge: Knowledge | undefined) {
  if (knowledge === undefined) return null;
  const found = describeAt(editor.state.doc.toString(), at, knowledge);
  if (found === undefined) return null;
  return {
    pos: found.from,
    end: found.to,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'code-hover';
      const title = document.createElement('strong');
      title.textContent = found.title;
      dom.append(title);
      for (const line of found.lines) {
        const paragraph = document.createElement('p');
        paragraph.textContent = line;
        dom.append(paragraph);
      }
      return { dom };
    },
  };
}

function diagnosticsOf(editor: EditorView, findings: readonly PlacedFinding[]): Diagnostic[] {
  const text = editor.state.doc.toString();
  return findings.map((finding) => {
    const fix = fixOf(text, finding);
    const apply = (view: EditorView) => {
      const now = fixOf(view.state.doc.toString(), finding);
      if (now === undefined) return;
      view.dispatch({ changes: now, selection: { anchor: now.from + now.insert.length }, scrollIntoView: true });
    };
    return {
      ...rangeOf(text, finding),
      ...{ severity: finding.severity, message: finding.message },
      ...(fix === undefined ? {} : { actions: [{ name: `Change to ${fix.insert}`, apply }] }),
    };
  });
}
