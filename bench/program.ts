import { join } from 'node:path';
import { startChild, type Child } from '../src/os/child';
import { projectRoot } from '../src/project-root';
import { until } from '../test/support/until';

/**
 * Starts `fermata <command>` from the built program and waits until it prints `readyWords`. The program gets only the
 * variables in `env`, PATH and HOME. `BENCH_NODE_ARGUMENTS`, a JSON array, contains extra Node options, e.g. for a
 * profiler.
 */
export async function startProgram(command: string, env: Record<string, string>, readyWords: string): Promise<Child> {
  const { PATH = '', HOME = '', BENCH_NODE_ARGUMENTS = '[]' } = process.env;
  const lines: string[] = [];
  let ready = false;
  const child = await startChild({
    command: process.execPath,
    args: [
      ...(JSON.parse(BENCH_NODE_ARGUMENTS) as string[]),
      join(projectRoot(), 'dist', 'src', 'cli', 'main.js'),
      command,
    ],
    env: { PATH, HOME, ...env },
    onLine: (line) => {
      ready ||= line.includes(readyWords);
      if (lines.push(line) > 50) lines.shift();
    },
  });
  const isReady = () => {
    if (!child.running) throw new Error(`fermata ${command} ended before "${readyWords}":\n${lines.join('\n')}`);
    return ready;
  };
  await until(`fermata ${command} says "${readyWords}"`, isReady, 60_000);
  return child;
}
