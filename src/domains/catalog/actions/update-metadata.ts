import { z } from 'zod';
import { mergePatch } from '../../../domain/entities/merge-patch';
import type { TransactionalAction } from '../../../integrations/contract';
import { lockSystem, updateSystem } from '../systems';

const Metadata = z.record(z.string(), z.unknown());
const Config = z.strictObject({
  systemId: z.string().min(1).max(200),
  strategy: z.enum(['merge', 'replace']).default('merge'),
  metadata: Metadata,
});

/** `catalog.update_metadata`. A merge keeps the keys that it does not name, and null removes a key (RFC 7396). */
export const updateMetadataAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'update_metadata',
  displayName: "Update a system's metadata",
  description: 'Merges into, or replaces, the metadata of a system.',
  configSchema: Config,
  produces: { name: 'system_record', schema: z.object({ systemId: z.string(), name: z.string(), metadata: Metadata }) },
  execution: 'transaction',
  async execute(context) {
    const { systemId, strategy, metadata } = context.config;
    const current = await lockSystem(context.tx, systemId);
    const next = strategy === 'merge' ? mergePatch(current.metadata, metadata) : metadata;
    const system = await updateSystem(context, systemId, { metadata: next });
    return { artifact: { systemId, name: system.name, metadata: system.metadata } };
  },
};
