import { cpus, loadavg } from 'node:os';
import { messageOf } from '../src/domain/errors';
import type { Figure, Part } from './figure';
import { readOptions, USAGE, type Options } from './options';
import { measureAlerts } from './parts/alerts';
import { measureEntities } from './parts/entities';
import { measureGates } from './parts/gates';
import { measureEvents } from './parts/events';
import { FULL, QUICK } from './parts/plan';
import { measureLarge } from './parts/large';
import { measureLists } from './parts/lists';
import { measureNoisy } from './parts/noisy';
import { measureSlowOrigins } from './parts/slow-origins';
import { measureWaits } from './parts/waits';
import { measureWhy } from './parts/why';
import { measureRuns } from './parts/runs';
import { startPlatform } from './platform';
import { createProfiler } from './profile';
import { renderTable } from './table';

const began = performance.now();
const say = (message: string) => console.error(`[bench ${seconds().padStart(4)} s] ${message}`);
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);
const load = () => (loadavg()[0] ?? 0).toFixed(1);

async function measure({ parts, quick, profile }: Options): Promise<Figure[]> {
  const wants = (...some: Part[]) => some.some((part) => parts.has(part));
  const plan = quick ? QUICK : FULL;
  say('starting Postgres and Temporal');
  const platform = await startPlatform(say, { countsStatements: profile });
  // On Ctrl-C, exit. Processes in their own process groups are killed when this process exits.
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  try {
    return [
      ...(wants('a', 'b', 'f') ? await measureRuns(platform, { parts, profile }, plan, say) : []),
      ...(wants('g', 'h', 'm') ? await measureGates(platform, parts, plan, say) : []),
      ...(wants('i') ? await measureWaits(platform, plan, say) : []),
      ...(wants('k') ? await measureAlerts(platform, plan, say) : []),
      ...(wants('noisy') ? await measureNoisy(platform, plan, say) : []),
      ...(wants('lists') ? await measureLists(platform, plan, say) : []),
      ...(wants('large') ? await measureLarge(platform, plan, say) : []),
      ...(wants('why') ? await measureWhy(platform, plan, say) : []),
      ...(wants('l') ? await measureSlowOrigins(platform, plan, say) : []),
      ...(wants('j') ? await measureEntities(platform, plan, say) : []),
      ...(wants('c', 'd', 'e') ? await measureEvents(platform, parts, plan, say) : []),
    ];
  } finally {
    await platform.close();
  }
}

/**
 * `npm run bench`: prints a table that shows each of Fermata's values next to the bare engine's value from the same
 * run.
 */
async function main(): Promise<void> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const profiler = options.functions ? createProfiler() : undefined;
  if (profiler !== undefined) process.env['BENCH_NODE_ARGUMENTS'] = JSON.stringify(profiler.nodeArguments);
  const loadBefore = load();
  const figures = await measure(options);
  const missed = figures.filter(({ target }) => target?.met === false);
  const targets = figures.filter(({ target }) => target !== undefined);
  console.log(`
${renderTable(figures)}

${targets.length - missed.length} of ${targets.length} targets met, in ${seconds()} s; ${cpus().length} CPUs, node ${process.version}, load average ${loadBefore} before and ${load()} after${options.quick ? ', quick' : ''}
fsync on, Temporal with a database file; how to read this: docs/bench.md; further: npm run bench:expressions, bench:validation`);
  if (profiler !== undefined)
    console.log(`\nWhere the time of API and worker went, by thread:\n\n${profiler.report()}`);
  if (options.check && missed.length > 0) process.exitCode = 1;
}

void main();
