import type { Command } from 'commander';
import { text } from './resource/columns';
import { configureRegistry } from './resource/registry-command';

const LISTING = {
  path: '/actions',
  empty: 'No actions.',
  columns: [text('ACTION', 'id'), text('CONNECTION', 'connection'), text('DESCRIPTION', 'description')],
};

/** Configures `fermata actions`. */
export function configure(command: Command): void {
  const schemas = ['configSchema', 'produces'];
  configureRegistry(command, { listing: LISTING, singular: 'action', example: 'incident.create', schemas });
}
