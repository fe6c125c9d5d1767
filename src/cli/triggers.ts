import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from './client/connect';
import { createOutput } from './print/output';
import { text } from './resource/columns';
import { examples } from './resource/list';
import { configureRegistry } from './resource/registry-command';

const LISTING = {
  path: '/triggers',
  empty: 'No triggers.',
  columns: [
    text('EVENT', 'id'),
    text('CONTEXT KEY', 'contextKeyLabel'),
    text('FOR', 'supportsFor'),
    text('DESCRIPTION', 'description'),
  ],
};

/** Configures `fermata triggers`. */
export function configure(command: Command): void {
  const event = 'healthcheck.system_degraded';
  const schemas = ['payloadSchema', 'configSchema'];
  configureRegistry(command, { listing: LISTING, singular: 'trigger', example: event, schemas });
  const sample = command
    .command('sample')
    .description('print an example payload of a trigger, for use with trigger, dry-run and test')
    .argument('<event>', 'id of the trigger');
  examples(sample, `fermata triggers sample ${event}`).action(async (id: string) => {
    const path = `/triggers/${encodeURIComponent(id)}/sample`;
    createOutput().json((await connect().get(path, z.looseObject({ payload: z.unknown() }))).payload);
  });
}
