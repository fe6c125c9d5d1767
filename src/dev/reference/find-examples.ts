import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap } from '../../domain/definition/plain-map';
import { readYaml } from '../../domain/definition/yaml';

/** A use of a trigger or action in a document below `examples/`. */
export interface ExampleUse {
  /** Path relative to the root of the project. */
  file: string;
  /** `config` as written in the document. Undefined if there is none. */
  config: unknown;
}

/** The first use of each trigger and action, by name. Files are read in alphabetical order. */
export interface ExampleUses {
  triggers: ReadonlyMap<string, ExampleUse>;
  actions: ReadonlyMap<string, ExampleUse>;
}

const DIRECTORIES = ['examples/alerts', 'examples/automations', 'examples/guides'];

/** Reads the example automations below `root` and returns the first use of each trigger and action. */
export function findExamples(root: string): ExampleUses {
  const triggers = new Map<string, ExampleUse>();
  const actions = new Map<string, ExampleUse>();
  for (const file of DIRECTORIES.flatMap((directory) => yamlFiles(root, directory))) {
    const collect = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(collect);
      if (!isMap(value)) return;
      const { event, action, config } = value;
      if (typeof event === 'string' && !triggers.has(event)) triggers.set(event, { file, config });
      if (typeof action === 'string' && !actions.has(action)) actions.set(action, { file, config });
      Object.values(value).forEach(collect);
    };
    for (const { value } of readYaml(readFileSync(join(root, file), 'utf8'))) collect(value);
  }
  return { triggers, actions };
}

function yamlFiles(root: string, directory: string): string[] {
  return readdirSync(join(root, directory))
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => `${directory}/${name}`);
}
