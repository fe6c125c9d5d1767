import { ApiError } from '../../api/client';
import type { Automation } from '../automations/automation-api';
import { readDraft } from './draft';

/**
 * The text that the editor starts from: the saved text of an automation with its ETag, or the template for a new
 * automation.
 */
export interface Source {
  automation: Automation | undefined;
  text: string;
  etag: string;
}

/** Returns whether a save was refused because somebody else had saved a newer version first. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.code === 'stale_etag';

/** Returns the stored draft, or undefined if there is none or it equals the saved text. */
export function draftFor(id: string, source: Source) {
  const draft = readDraft(id);
  return draft === undefined || draft.text === source.text ? undefined : draft;
}
