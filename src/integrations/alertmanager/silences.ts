import { z } from 'zod';
import { parseMatchers } from '../../domains/alert/label-matcher';
import type { RemoteSilence, RemoteSilences } from '../../domains/alert/remote-silences';
import { ProviderFailure } from '../provider-failure';
import type { AlertmanagerClient } from './client';
import { AlertmanagerConnection } from './connection-config';

const State = z.looseObject({ state: z.enum(['active', 'pending', 'expired']) });
const Silence = z.looseObject({ id: z.string(), comment: z.string(), status: State });
const Created = z.looseObject({ silenceID: z.string().min(1) });

/** Ends the comment of every silence that a step creates: a repeat of the step finds it by that. */
const markerOf = (key: string): string => `[fermata:${key}]`;

interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

/** Matchers as API v2 takes them: those of the silence, or one for each label of the one alert that it covers. */
function matchersOf({ matchers, labels }: RemoteSilence): Matcher[] {
  const given = matchers
    .flatMap((text) => parseMatchers(text))
    .map(({ name, operator, value }) => ({
      ...{ name, value, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!') },
    }));
  const own = Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
  return [...given, ...own];
}

/** Silences in an Alertmanager, through connections of the type `alertmanager`. */
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
      // Alertmanager refuses to end a silence that has ended.
      if (found === null || found.status.state === 'expired') return;
      await orGone(alertmanager(config, call, { method: 'DELETE', path, answer: z.unknown() }));
    },
  };
}

/** null when Alertmanager no longer knows the silence: it keeps ended ones for a limited time. */
async function orGone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderFailure && error.status === 404) return null;
    throw error;
  }
}
