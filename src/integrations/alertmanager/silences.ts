import { z } from 'zod';
import { parseMatchers } from '../../domains/alert/label-matcher';
import type { RemoteSilence, RemoteSilences } from '../../domains/alert/remote-silences';
import { ProviderFailure } from '../provider-failure';
import type { AlertmanagerClient } from './client';
import { AlertmanagerConnection } from './connection-config';

const State = z.looseObject({ state: z.enum(['active', 'pending', 'expired']) });
const Silence = z.looseObject({ id: z.string(), comment: z.string(), status: State });
const Created = z.looseObject({ silenceID: z.string().min(1) });

/**
 * Returns the marker that a step appends to the comment of a silence it creates. A repeated attempt finds the silence
 * by this marker.
 */
const markerOf = (key: string): string => `[fermata:${key}]`;

interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

/** Returns matchers in API v2 format: the silence's own matchers, or one for each label of the silenced alert. */
function matchersOf({ matchers, labels }: RemoteSilence): Matcher[] {
  const given = matchers
    .flatMap((text) => parseMatchers(text))
    .map(({ name, operator, value }) => ({
      ...{ name, value, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!') },
    }));
  const own = Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
  return [...given, ...own];
}

/** Creates and ends silences in an Alertmanager, through connections of the type `alertmanager`. */
export function createRemoteSilences(alertmanager: AlertmanagerClient): RemoteSilences {
  return {
    async create(connection, silence, call) {
      const config = AlertmanagerConnection.parse(connection);
      const marker = markerOf(silence.idempotencyKey);
      const all = await alertmanager(config, call, { method: 'GET', path: '/silences', answer: z.array(Silence) });
      const known = all.find(({ comment }) => comment.endsWith(marker));
      if (known !== undefined) return known.id;
      const body = {
        matchers: matchersOf(silence),
        startsAt: call.now.toISOString(),
        endsAt: silence.endsAt.toISOString(),
        createdBy: silence.createdBy,
        comment: `${silence.comment} ${marker}`.trimStart(),
      };
      return (await alertmanager(config, call, { method: 'POST', path: '/silences', body, answer: Created })).silenceID;
    },

    async expire(connection, id, call) {
      const config = AlertmanagerConnection.parse(connection);
      const path = `/silence/${encodeURIComponent(id)}`;
      const found = await orGone(alertmanager(config, call, { method: 'GET', path, answer: Silence }));
      // Alertmanager refuses to expire a silence that has already expired.
      if (found === null || found.status.state === 'expired') return;
      await orGone(alertmanager(config, call, { method: 'DELETE', path, answer: z.unknown() }));
    },
  };
}

/**
 * Returns null instead of failing when Alertmanager no longer has the silence. Alertmanager keeps expired silences only
 * for a limited time.
 */
async function orGone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderFailure && error.status === 404) return null;
    throw error;
  }
}
