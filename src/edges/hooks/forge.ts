import type { IncomingHttpHeaders } from 'node:http';
import { parseJson } from '../../domain/exact-json';
import { toStorable } from '../../domain/entities/storable';
import { readForgeEvent, type TypedEvent } from '../../domain/hooks/forge-event';
import { GITHUB_EVENTS } from '../../domain/hooks/github-events';
import { GITLAB_EVENTS } from '../../domain/hooks/gitlab-events';
import type { HookScheme } from '../../domain/hooks/scheme-names';

/**
 * Returns the typed GitHub or GitLab event in a hook request, or null for other requests. GitHub names the event in a
 * header. GitLab names it in the body, and its header distinguishes system hooks from project hooks.
 */
export function typedEventOf(scheme: HookScheme, headers: IncomingHttpHeaders, body: unknown): TypedEvent | null {
  if (scheme === 'github') {
    const found = readForgeEvent(GITHUB_EVENTS, String(headers['x-github-event']), fromForm(body));
    return found && { ...found, event: `github.${found.event}` };
  }
  if (scheme === 'gitlab') {
    const { object_kind: kind } = Object(body) as { object_kind?: unknown };
    const found = readForgeEvent(GITLAB_EVENTS, String(kind), body);
    return found && { ...found, event: `gitlab.${found.event}` };
  }
  return null;
}

/**
 * Returns the JSON value of a body. GitHub can be configured to post a form with the JSON in the field `payload`. Any
 * other body is returned unchanged.
 */
function fromForm(body: unknown): unknown {
  const { payload } = Object(body) as { payload?: unknown };
  if (typeof payload !== 'string') return body;
  try {
    return toStorable(parseJson(payload));
  } catch {
    return body;
  }
}
