import type { IncomingHttpHeaders } from 'node:http';
import { sha256 } from '../../domain/sha256';
import type { Executor } from '../../db/executor';
import { findHook, type HookRow } from '../../db/hooks';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { expectationOf, type Expectation } from '../../domain/hooks/scheme';
import type { Cipher } from '../../domain/secrets/cipher';
import type { Sns } from '../../edges/hooks/sns';
import type { SnsMessage } from '../../edges/hooks/sns-message';
import { onlyReference } from '../../domain/secrets/references';
import { createPostgresSecrets } from '../../integrations/secret-backend';
import { verifySender, type VerifiedRequest } from '../../edges/hooks/verify-sender';
import { hookSecretName } from './hooks';

export interface AuthenticateHookDeps {
  db: Executor;
  clock: Clock;
  cipher: Cipher;
  sns: Sns;
}

/** A hook, after the sender of a request to it has been verified. */
export interface AuthenticatedHook extends VerifiedRequest {
  hook: HookRow;
  expected: Expectation;
  now: Date;
  /** The verified message, for hooks of the scheme `sns`. */
  snsMessage?: SnsMessage;
}

/**
 * The expectation for a hook that does not exist. No request matches it, so the response is the same as for a wrong
 * signature.
 */
const UNKNOWN: Expectation = { kind: 'secret', header: 'x-hook-secret', toleranceSeconds: 0 };

/**
 * Finds a hook by name and verifies the sender of a request from its raw body.
 * @throws {FermataError} `unauthorized` when the hook does not exist, or its secret or signature is missing, wrong or
 * too old. The error is always the same, so callers cannot find out which hooks exist.
 */
export async function authenticateHook(
  { db, clock, cipher, sns }: AuthenticateHookDeps,
  name: string,
  { headers, raw }: { headers: IncomingHttpHeaders; raw: Buffer },
): Promise<AuthenticatedHook> {
  const found = await findHook(db, name);
  const hook = found?.name === name ? found : null;
  const now = clock.now();
  const expected = hook === null ? UNKNOWN : expectationOf(hook);
  if (hook !== null && expected.kind === 'sns') {
    const snsMessage = await sns.verify(raw, hook.options.topics ?? [], now);
    if (snsMessage === null) throw refusedHook();
    // The message id is signed, and the same for a repeated delivery.
    const signedHash = sha256(snsMessage.MessageId, 'base64url');
    return { hook, expected, now, signedHash, snsMessage };
  }
  const secrets = hook === null ? [] : await secretsOfHook({ db, cipher }, hook);
  const verified = verifySender(expected, secrets, { headers, raw, now });
  if (verified === null || hook === null) throw refusedHook();
  return { hook, expected, now, ...verified };
}

/** Returns the decrypted secrets of a hook. A reference to a missing secret matches nothing. */
async function secretsOfHook(
  { db, cipher }: Pick<AuthenticateHookDeps, 'db' | 'cipher'>,
  hook: HookRow,
): Promise<string[]> {
  const opened = hook.secrets.map((sealed) => cipher.open(hookSecretName(hook.id), sealed));
  const names = opened.flatMap((text) => onlyReference(text) ?? []);
  if (names.length === 0) return opened;
  const values = await createPostgresSecrets({ db, cipher }).resolve(names);
  return opened.flatMap((text) => {
    const name = onlyReference(text);
    return name === null ? [text] : (values.get(name)?.value ?? []);
  });
}

/** Returns the error for a request whose sender could not be verified. */
export const refusedHook = (): FermataError =>
  new FermataError('unauthorized', 'The hook does not exist, or its secret or signature is missing, wrong or expired.');
