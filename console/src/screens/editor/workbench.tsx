import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Save } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { parseDocument } from 'yaml';
import { outcomesByPlace } from '../../lib/graph';
import { Flow } from '../../ui/flow';
import { FlowGraph } from '../../ui/flow-graph';
import { Loading, Page, Panel, Problem } from '../../ui/page';
import { Time } from '../../ui/time';
import { useGraphView, ViewSwitch } from '../../ui/view-switch';
import { Conflict } from './conflict';
import { dropDraft, writeDraft } from './draft';
import { DryRun } from './dry-run';
import { draftFor, isConflict, type Source } from './source';
import { FindingList } from './finding-list';
import { knowledgeQuery } from './knowledge';
import { useFindings } from './use-findings';

const CodeEditor = lazy(() => import('./code-editor'));
/** Delay in milliseconds between the last keystroke and storing the draft. */
const PAUSE_MS = 300;

interface WorkbenchProps {
  id: string;
  title: string;
  source: Source;
  readOnly: boolean;
  onSave(text: string, etag: string, note: string): Promise<void>;
  onReload?: () => void;
}

/** The editor on the left, and the findings, steps and dry run on the right. */
export function Workbench({ id, title, source, readOnly, onSave, onReload }: WorkbenchProps) {
  const { draft, text, setText, etag, setEtag, discard } = useText(id, source, readOnly);
  const [note, setNote] = useState('');
  const [goTo, setGoTo] = useState<{ offset: number }>();
  const findings = useFindings(text);
  const { data: knowledge } = useQuery(knowledgeQuery);
  const save = useMutation({ mutationFn: () => onSave(text, etag, note) });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const changed = text !== source.text;
  const submit = () => {
    if (!readOnly && errors === 0 && !save.isPending) save.mutate();
  };
  return (
    <Page
      title={title}
      sub={<State source={source} changed={changed} errors={errors} readOnly={readOnly} />}
      aside={
        <>
          {!readOnly && <NoteField note={note} onChange={setNote} />}
          <SaveButton
            isNew={source.automation === undefined}
            disabled={readOnly || errors > 0 || save.isPending}
            title={errors > 0 ? 'Correct the errors first' : undefined}
            onClick={submit}
          />
        </>
      }
    >
      {draft !== undefined && changed && <DraftBanner at={draft.at} onDiscard={discard} />}
      <SaveProblem
        error={save.error}
        automation={source.automation}
        onOverwrite={(current) => {
          setEtag(current);
          save.reset();
        }}
        onReload={() => {
          dropDraft(id);
          onReload?.();
        }}
      />
      <div className="workbench">
        <div className="workbench-text">
          <Suspense fallback={<Loading rows={14} />}>
            <CodeEditor {...{ text, findings, knowledge, readOnly, goTo }} onChange={setText} onSave={submit} />
          </Suspense>
        </div>
        <Side
          automation={source.automation}
          text={text}
          findings={findings}
          isValid={errors === 0}
          onChoose={(offset) => setGoTo({ offset })}
          onChange={setText}
        />
      </div>
    </Page>
  );
}

/**
 * Keeps the edited text and the ETag of the version that it is based on. Starts from the stored draft, if there is one.
 */
function useText(id: string, source: Source, readOnly: boolean) {
  const [draft, setDraft] = useState(() => (readOnly ? undefined : draftFor(id, source)));
  const [text, setText] = useState(draft?.text ?? source.text);
  const [etag, setEtag] = useState(draft?.etag ?? source.etag);
  useKeptDraft(id, text, etag, source, readOnly);
  const discard = () => {
    dropDraft(id);
    setDraft(undefined);
    setText(source.text);
    setEtag(source.etag);
  };
  return { draft, text, setText, etag, setEtag, discard };
}

interface SideProps {
  automation: Source['automation'];
  text: string;
  findings: ReturnType<typeof useFindings>;
  isValid: boolean;
  /** Moves the cursor to an offset of the text. */
  onChoose(offset: number): void;
  /** Replaces the text. */
  onChange(text: string): void;
}

/** Shows the findings, steps and dry run of the edited text. */
function Side({ automation, text, findings, isValid, onChoose, onChange }: SideProps) {
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, string>>(new Map());
  const model = useModel(text);
  return (
    <div>
      <FindingList
        findings={findings}
        text={text}
        onChoose={onChoose}
        onFix={(fixed, offset) => {
          onChange(fixed);
          onChoose(offset);
        }}
      />
      <Panel title="What it does" aside={<ViewSwitch />}>
        <Outline definition={model.value} outcomes={outcomes} onChoose={(path) => onChoose(model.offsetOf(path))} />
      </Panel>
      <DryRun automation={automation} definition={model.value} disabled={!isValid} onResult={setOutcomes} />
    </div>
  );
}

interface SaveButtonProps {
  isNew: boolean;
  disabled: boolean;
  title: string | undefined;
  onClick(): void;
}

function SaveButton({ isNew, disabled, title, onClick }: SaveButtonProps) {
  return (
    <button type="button" className="primary" disabled={disabled} title={title} onClick={onClick}>
      <Save size={14} aria-hidden /> {isNew ? 'Create' : 'Save as new version'}
    </button>
  );
}

function NoteField({ note, onChange }: { note: string; onChange(note: string): void }) {
  return (
    <input
      aria-label="Note on this version"
      placeholder="Note (optional)"
      maxLength={500}
      value={note}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function DraftBanner({ at, onDiscard }: { at: string; onDiscard(): void }) {
  return (
    <div className="banner">
      Your unsaved changes from <Time at={at} /> were restored.
      <button type="button" onClick={onDiscard}>
        Discard them
      </button>
    </div>
  );
}

interface SaveProblemProps {
  error: Error | null;
  automation: Source['automation'];
  onOverwrite(etag: string): void;
  onReload(): void;
}

/**
 * Shows why a save was refused. If somebody else saved first, offers to discard the text or to replace the saved
 * version.
 */
function SaveProblem({ error, automation, onOverwrite, onReload }: SaveProblemProps) {
  if (error === null) return null;
  if (!isConflict(error)) return <Problem error={error} title="Not saved. Correct this and save again:" />;
  if (automation === undefined) return null;
  return <Conflict automation={automation} onOverwrite={onOverwrite} onReload={onReload} />;
}

interface OutlineProps {
  definition: unknown;
  /** Status of each step in the last dry run, by path. Empty before the first dry run. */
  outcomes: ReadonlyMap<string, string>;
  onChoose(path: string): void;
}

/** Shows the steps as a list or graph, with their statuses from the last dry run. */
function Outline({ definition, outcomes, onChoose }: OutlineProps) {
  const byPlace = useMemo(
    () =>
      outcomes.size === 0 ? undefined : outcomesByPlace([...outcomes].map(([path, status]) => ({ path, status }))),
    [outcomes],
  );
  if (!useGraphView()) return <Flow {...{ definition, outcomes, onChoose }} />;
  return <FlowGraph label="Graph of the definition" definition={definition} outcomes={byPlace} onChoose={onChoose} />;
}

function State(props: { source: Source; changed: boolean; errors: number; readOnly: boolean }) {
  const { source, changed, errors, readOnly } = props;
  return (
    <>
      {source.automation !== undefined && (
        <Link to="/automations/$id" params={{ id: source.automation.id }} search={{}}>
          Back to the automation
        </Link>
      )}
      {source.automation !== undefined && <span>version {source.automation.version}</span>}
      <span role="status">
        {readOnly ? 'read only' : changed ? 'not saved' : 'no changes'}
        {errors > 0 && `, ${errors} ${errors === 1 ? 'error' : 'errors'}`}
      </span>
      {source.automation?.managedBy === 'gitops' && (
        <span>managed from {source.automation.provenance?.source ?? 'Git'}</span>
      )}
    </>
  );
}

/** Parses as much of the text as possible. `offsetOf` converts a definition path to an offset in the text. */
function useModel(text: string): { value: unknown; offsetOf(path: string): number } {
  return useMemo(() => {
    const document = parseDocument(text, { logLevel: 'silent' });
    const offsetOf = (path: string) => {
      const keys = [...path.matchAll(/([^.[\]]+)/g)].map(([, part = '']) => (/^\d+$/.test(part) ? Number(part) : part));
      const node = document.getIn(keys, true) as { range?: [number, number, number] } | undefined;
      return node?.range?.[0] ?? 0;
    };
    try {
      return { value: document.toJS() as unknown, offsetOf };
    } catch {
      return { value: undefined, offsetOf };
    }
  }, [text]);
}

function useKeptDraft(id: string, text: string, etag: string, source: Source, readOnly: boolean): void {
  useEffect(() => {
    if (readOnly) return;
    const timer = window.setTimeout(() => {
      if (text === source.text) dropDraft(id);
      else writeDraft(id, { text, etag });
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [id, text, etag, source, readOnly]);
}
