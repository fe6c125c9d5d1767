import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** Number of functions to show per profile. */
const SHOWN = 15;

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int() }),
    }),
  ),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});

/** Collects a CPU profile of each thread of the measured processes. */
export interface Profiler {
  /** Node options for the processes to profile. Node 20 does not accept them in NODE_OPTIONS. */
  nodeArguments: string[];
  /**
   * Returns, for each thread, the functions with the most self time, and removes the profile files. Call it after all
   * threads have ended.
   */
  report(): string;
}

/** Creates a profiler that uses Node's inspector. Each thread writes a profile file when it ends. */
export function createProfiler(): Profiler {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-bench-profile-'));
  return {
    nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${directory}`],
    report() {
      const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
      const texts = files.toSorted().map((name) => reportOf(name, readFileSync(join(directory, name), 'utf8')));
      rmSync(directory, { recursive: true });
      return texts.join('\n\n');
    },
  };
}

/**
 * Returns the 15 functions of a profile with the most self time, in descending order. Shares are relative to the time
 * that was not idle.
 */
export function reportOf(name: string, text: string): string {
  const { nodes, samples, timeDeltas } = Profile.parse(JSON.parse(text));
  const labels = new Map(nodes.map(({ id, callFrame }) => [id, labelOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const label = labels.get(id) ?? '';
    times.set(label, (times.get(label) ?? 0) + (timeDeltas[index] ?? 0) / 1_000);
  }
  const idle = (times.get('(idle)') ?? 0) + (times.get('(program)') ?? 0);
  times.delete('(idle)');
  times.delete('(program)');
  const busy = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const lines = [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(
      ([label, ms]) => `  ${ms.toFixed(0).padStart(8)} ms  ${((ms * 100) / busy).toFixed(1).padStart(5)} %  ${label}`,
    );
  return [`${name}: ${busy.toFixed(0)} ms busy, ${idle.toFixed(0)} ms idle`, ...lines].join('\n');
}

function labelOf({ functionName, url, lineNumber }: z.infer<typeof Profile>['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const place = url.replace(/^.*\/(?=node_modules\/|dist\/)/, '').replace(/^file:\/\//, '');
  return `${name}  ${place}:${lineNumber + 1}`;
}
