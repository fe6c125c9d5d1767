import { readCallProgress, recallValue, rememberValue, writeCallProgress } from '../db/call-memory';
import type { Executor } from '../db/executor';
import { toStorable } from '../domain/entities/storable';
import type { Mask } from '../domain/secrets/mask-values';
import type { CallContext } from '../integrations/contract';

interface Call {
  mask: Mask;
  idempotencyKey: string;
  /** Undefined for actions without a connection. Such actions store nothing about a provider. */
  connectionId: string | undefined;
}

/**
 * Returns the stores that a call reads and writes while it runs. Each access uses a separate transaction. Written
 * values are masked.
 */
export function callMemory(
  db: Executor,
  { mask, idempotencyKey, connectionId }: Call,
  persist: <T>(write: () => Promise<T>) => Promise<T>,
): Pick<CallContext<unknown>, 'progress' | 'memory'> {
  const stored = (value: unknown) => toStorable(mask(value));
  return {
    progress: {
      read: () => readCallProgress(db, idempotencyKey),
      write: (value) => persist(() => writeCallProgress(db, idempotencyKey, stored(value))),
    },
    memory: {
      recall: (key) => (connectionId === undefined ? Promise.resolve(null) : recallValue(db, connectionId, key)),
      remember: async (key, value) => {
        if (connectionId !== undefined) await persist(() => rememberValue(db, connectionId, key, stored(value)));
      },
    },
  };
}
