import { sql } from 'drizzle-orm';
import type { AutomationRecord, AutomationStore } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import { sameJson } from '../../domain/entities/diff';
import type { Definition } from '../../domain/definition/schema';
import type { Principal } from '../auth/principal';
import { deleteAutomation } from '../automations/delete-automation';
import { assertMayUseSecrets } from '../automations/secret-use';
import type { GitOpsAutomation } from './read-documents';

/** The outcome for one document, or for an automation without a document. */
export interface AppliedDocument {
  name: string;
  /** Null if the automation would be created. */
  id: string | null;
  action: 'created' | 'updated' | 'unchanged' | 'deleted';
}

export interface ApplyRequest {
  automations: readonly GitOpsAutomation[];
  source: string;
  commit: string | null;
  prune: boolean;
  dryRun: boolean;
  principal: Principal;
}

/**
 * Changes the automations of a source to match its documents, in the caller's transaction. Keeps their status. A key
 * that a document omits gets its default value. With `prune`, deletes automations that the source created but no longer
 * contains.
 * @throws {FermataError} `forbidden` for documents that refer to secrets, if the caller may not use secrets
 */
export async function applyDocuments(
  { tx, automations: store }: { tx: Executor; automations: AutomationStore },
  { automations, source, commit, prune, dryRun, principal }: ApplyRequest,
): Promise<AppliedDocument[]> {
  // Prevents two concurrent requests for a source from both creating a missing automation.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`gitops:${source}`}, 0))`);
  const current = new Map((await store.ofSource(tx, source)).map((record) => [record.sourceName ?? '', record]));
  const results: AppliedDocument[] = [];
  const { actor } = principal;
  for (const { name, path, definition, sourceYaml } of automations) {
    const there = current.get(name);
    current.delete(name);
    // Set the group explicitly. A definition without a group would keep the stored group.
    const whole = { ...definition, group: definition.group ?? '' };
    if (there === undefined || !isSame(there, whole)) assertMayUseSecrets(principal, definition);
    if (there === undefined) {
      const managed = { source, name, path, commit };
      const created = dryRun ? null : await store.create(tx, { definition: whole, sourceYaml, managed, actor });
      results.push({ name, id: created?.id ?? null, action: 'created' });
    } else if (isSame(there, whole)) {
      const { provenance } = there;
      const moved = provenance?.path !== path || provenance?.commit !== commit || sourceYaml !== there.sourceYaml;
      if (moved && !dryRun) await store.update(tx, there.id, { sourceYaml, origin: { path, commit }, actor });
      results.push({ name, id: there.id, action: 'unchanged' });
    } else {
      if (!dryRun) await store.update(tx, there.id, { definition: whole, sourceYaml, origin: { path, commit }, actor });
      results.push({ name, id: there.id, action: 'updated' });
    }
  }
  if (!prune) return results;
  for (const [name, { id }] of current) {
    if (!dryRun) await deleteAutomation(tx, store, id);
    results.push({ name, id, action: 'deleted' });
  }
  return results;
}

function isSame({ definition, group }: AutomationRecord, wanted: Definition): boolean {
  const { group: wantedGroup, ...rest } = wanted;
  return (wantedGroup ?? '').trim() === (group ?? '') && sameJson(rest, definition);
}
