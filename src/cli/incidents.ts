import { Option, type Command } from 'commander';
import { z } from 'zod';
import { INCIDENT_SEVERITIES, INCIDENT_STATUSES } from '../domains/incident/incident-entity';
import { connect } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, status, text, time } from './resource/columns';
import { examples, listOptions, printList, printRows, type ListOptions } from './resource/list';
import { printOne, wholeId } from './resource/one';

const PATH = '/incidents';
const LISTING = {
  path: PATH,
  empty: 'No incidents.',
  columns: [
    text('ID', 'id'),
    status('STATUS', 'status'),
    text('SEVERITY', 'severity'),
    time('CREATED', 'createdAt'),
    text('SYSTEMS', 'systemIds'),
    text('TITLE', 'title'),
  ],
};
const UPDATES = {
  empty: '  none',
  columns: [time('AT', 'at'), text('STATUS', 'statusChange'), text('ACTOR', 'actor'), text('MESSAGE', 'message')],
};
const SHOWN_UPDATES = 20;
const ONE = z.looseObject({ id: z.string(), status: z.string(), title: z.string() });
const OPEN = INCIDENT_STATUSES.filter((each) => each !== 'resolved').join(',');

interface UpdateOptions {
  message?: string;
  status?: string;
  json?: true;
}

interface CreateOptions {
  severity: string;
  system: string[];
  message?: string;
  json?: true;
}

/** Configures `fermata incidents`. */
export function configure(command: Command): void {
  command
    .enablePositionalOptions()
    .argument('[incident]', 'id: show only this one, with its updates')
    .option('--open', 'only incidents that are not resolved')
    .option('--system <id>', 'only incidents that affect this system');
  listOptions(command);
  examples(
    command,
    'fermata incidents --open',
    'fermata incidents 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11',
    'fermata incidents acknowledge 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11',
    'fermata incidents resolve 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --message "Disk replaced"',
  ).action((id: string | undefined, { open, system, ...options }: ListOptions & { open?: true; system?: string }) =>
    id === undefined ? printList(LISTING, options, { status: open && OPEN, systemId: system }) : show(id, options.json),
  );
  configureCreate(command.command('create'));
  const acknowledge = updating(
    command.command('acknowledge'),
    'acknowledge an incident: changes its status from "investigating" to "identified"',
  );
  examples(acknowledge, 'fermata incidents acknowledge 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11').action(
    (id: string, options: UpdateOptions) => update(id, options, 'acknowledge'),
  );
  const resolve = updating(command.command('resolve'), 'end an incident');
  examples(resolve, 'fermata incidents resolve 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --message "Disk replaced"').action(
    (id: string, options: UpdateOptions) => update(id, options, 'resolve'),
  );
  const say = updating(command.command('update'), 'add an update to an incident, or change its status').addOption(
    new Option('-s, --status <status>', 'new status').choices(INCIDENT_STATUSES),
  );
  examples(
    say,
    'fermata incidents update 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --status monitoring --message "Failover is done"',
  ).action((id: string, options: UpdateOptions) => update(id, options, 'update'));
}

const updating = (command: Command, description: string): Command =>
  command
    .description(description)
    .argument('<incident>', 'id of the incident')
    .option('-m, --message <text>', 'text of the update')
    .option(...JSON_OPTION);

function configureCreate(command: Command): void {
  command
    .description('open an incident')
    .argument('<title>', 'title of the incident')
    .addOption(
      new Option('--severity <severity>', 'severity of the incident')
        .choices(INCIDENT_SEVERITIES)
        .makeOptionMandatory(),
    )
    .requiredOption('--system <id...>', 'affected systems')
    .option('-m, --message <text>', 'text of the first update')
    .option(...JSON_OPTION);
  examples(command, 'fermata incidents create "Checkout is down" --severity critical --system checkout').action(
    async (title: string, { severity, system: systemIds, message, json }: CreateOptions) => {
      const body = { title, severity, systemIds, ...(message !== undefined && { message }) };
      const row = await connect().send('POST', PATH, Row, { body: { json: body } });
      printOne(row, title, json);
    },
  );
}

async function show(given: string, json: true | undefined): Promise<void> {
  const client = connect();
  const id = await wholeId(client, PATH, given);
  const incident = await client.get(`${PATH}/${encodeURIComponent(id)}`, ONE);
  const updates = await client.list(`${PATH}/${encodeURIComponent(id)}/updates`, Row, { limit: SHOWN_UPDATES });
  const output = createOutput();
  if (json) return output.json({ incident, updates });
  printOne(incident, incident.title, undefined, output);
  output.line('\nUpdates');
  printRows(UPDATES, updates, undefined, output);
}

const SAID = { acknowledge: 'Acknowledged', resolve: 'Resolved', update: undefined } as const;

async function update(given: string, options: UpdateOptions, verb: keyof typeof SAID): Promise<void> {
  const client = connect();
  const id = await wholeId(client, PATH, given);
  const path = `${PATH}/${encodeURIComponent(id)}`;
  const current = await client.get(path, ONE);
  const moved = statusAfter(verb, current.status, options.status);
  const message = options.message ?? SAID[verb] ?? `Status: ${moved ?? current.status}`;
  await client.send('POST', `${path}/updates`, Row, {
    body: { json: { message, ...(moved !== undefined && { statusChange: moved }) } },
  });
  printOne(await client.get(path, Row), current.title, options.json);
}

/**
 * Returns the incident status that results from an update, or undefined if the status does not change. An
 * acknowledgement never moves the incident back to an earlier status.
 */
function statusAfter(verb: keyof typeof SAID, current: string, given: string | undefined): string | undefined {
  if (verb === 'resolve') return 'resolved';
  if (verb === 'acknowledge') return current === 'investigating' ? 'identified' : undefined;
  return given;
}
