import { ApiError } from '../../api/client';
import type { Automation } from '../automations/automation-api';
import { readDraft } from './draft';

/** Where a saved text comes from: the automation with its text and ETag, or the template of a new one. */
export interface Source {
  automation: Automation | undefined;
  text: string;
  etag: string;
}

/** Returns whether a save was refused because another one came first. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.code === 'stale_etag';

/** Returns the draft to keep: null when it equals the saved text. */
export function draftFor(id: string, source: Source) {
  const draft = readDraft(id);
  return draft === undefined || draft.text === source.text ? undefined : draft;
}
