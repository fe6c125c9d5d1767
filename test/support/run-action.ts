import { createEgress, type Egress } from '../../src/edges/egress/egress';
import { createRegistry } from '../../src/domain/registry/registry';
import { createMask, type Mask } from '../../src/domain/secrets/mask-values';
import { withSecretsOfCall } from '../../src/edges/egress/secrets-of-call';
import {
  connectionTypesOf,
  secretFieldsOf,
  type ConnectionCall,
  type ConnectionMemory,
  type NotifyMessage,
} from '../../src/integrations/connections/connection-type';
import type { Action, ActionResult } from '../../src/integrations/contract';
import { createPlugins } from '../../src/integrations/plugins';

interface Attempt {
  /** Number of the attempt. The first attempt has the number 1. Default: 1. */
  attempt?: number;
  /** Whether the request may already have been sent. Default: true from the second attempt. */
  sentBefore?: boolean;
  idempotencyKey?: string;
  contextKey?: string;
  trigger?: unknown;
  consumed?: Record<string, unknown>;
  signal?: AbortSignal;
  /** Time on the database clock. Default: the current time. */
  now?: Date;
  /** Time limit of the attempt in milliseconds. Default: 30,000. */
  timeoutMs?: number;
}

/** Returns a function that makes one attempt of a call, as the activity does, against a vendor's test server. */
export function createActionRunner(type: string, given: Record<string, unknown>, egress: Egress = local()) {
  const plugins = createPlugins({ egress });
  const registry = createRegistry<Action>(plugins);
  const connectionType = connectionTypesOf(plugins).get(type);
  if (connectionType === undefined) throw new Error(`Connection type ${type} not found.`);
  const connection: unknown = connectionType.configSchema.parse(given);
  const secrets = secretFieldsOf(connectionType).flatMap((field) => textsOf(given[field]));
  const mask: Mask = (value, scope) => createMask([...secrets, ...hidden])(value, scope);
  const hidden = new Set<string>();
  const add = (value: string) => Promise.resolve(void hidden.add(value));
  const progress = new Map<string, unknown>();
  const memory = new Map<string, unknown>();
  const notes: string[] = [];
  const remembered: ConnectionMemory = {
    recall: (key) => Promise.resolve(memory.get(key) ?? null),
    remember: (key, value) => Promise.resolve(void memory.set(key, value)),
  };
  const call = (signal = new AbortController().signal): ConnectionCall => ({
    ...{ signal, timeoutMs: 10_000, now: new Date() },
  });
  return {
    /** Credentials that calls have obtained, and hidden. */
    hidden,
    notes,
    memory,
    progress,
    test: () => connectionType.test(connection, call()),
    options: (field: string, choices: Record<string, string> = {}) =>
      connectionType.options[field]?.(connection, choices, call()),
    notify: (
      message: Partial<NotifyMessage>,
      to = '',
      { attempt = 1, sentBefore = attempt > 1, idempotencyKey = 'run-1:actions[0]' }: Attempt = {},
    ) =>
      connectionType.notify?.send(connection, { title: 'Down', body: 'db', importance: 'info', ...message }, to, {
        ...{
          ...call(),
          attempt,
          sentBefore,
          idempotencyKey,
          memory: remembered,
          note: (text: string) => void notes.push(text),
        },
      }),
    async run(id: string, config: Record<string, unknown>, options: Attempt = {}): Promise<ActionResult> {
      const action = registry.action(id);
      if (action?.execution !== 'call') throw new Error(`${id} is not registered as a call.`);
      const { attempt = 1, idempotencyKey = 'run-1:actions[0]', contextKey = null, trigger = null } = options;
      const context = {
        config: action.configSchema.parse({ connectionId: 'c1', ...config }),
        run: { id: 'run-1', automationId: 'automation-1', contextKey },
        consumed: options.consumed ?? null,
        scope: { trigger, artifacts: {}, variables: {}, repeat: null, automation: null },
        ...{ connection, connectionType: type, idempotencyKey, attempt, now: options.now ?? new Date(), mask },
        sentBefore: options.sentBefore ?? attempt > 1,
        signal: options.signal ?? new AbortController().signal,
        timeoutMs: options.timeoutMs ?? 30_000,
        note: (text: string) => void notes.push(text),
        progress: {
          read: () => Promise.resolve(progress.get(idempotencyKey) ?? null),
          write: (value: unknown) => Promise.resolve(void progress.set(idempotencyKey, value)),
        },
        memory: remembered,
      };
      const result = await withSecretsOfCall({ mask, add }, () => action.execute(context));
      if (result.artifact !== undefined) action.produces?.schema.parse(result.artifact);
      return result;
    },
  };
}

function local(): Egress {
  return createEgress({ allow: ['127.0.0.1'] });
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
