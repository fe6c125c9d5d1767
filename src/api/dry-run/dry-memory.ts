import type { ActionStep } from '../../domain/definition/action';
import type { Definition } from '../../domain/definition/schema';
import { isBeside, lanesAround } from '../../domain/run/lanes';
import { inSiblingBranches } from '../../domain/run/path';
import type { ExpressionContext } from '../../evaluation/evaluator';

interface KeptArtifact {
  path: string;
  /** Milliseconds since the epoch. */
  at: number;
  artifact: ExpressionContext['artifacts'][number];
}

/** Keeps the results of the steps in a dry run for later steps: artifacts, wait results, and mocks of both. */
export class DryMemory {
  private readonly made: KeptArtifact[] = [];
  private readonly waits = new Map<string, Record<string, unknown>>();
  /** Ids of actions whose artifact has no mock. */
  private readonly unmocked = new Set<string>();

  constructor(
    private readonly definition: Pick<Definition, 'actions' | 'on_failure'>,
    private readonly mocks: Readonly<Record<string, unknown>>,
  ) {}

  /**
   * Returns the mock for a step's path or, if there is none, the mock for its id. Returns undefined if neither exists.
   */
  mockOf({ id }: ActionStep, path: string): Record<string, unknown> | undefined {
    const key = [path, id].find((each) => each !== undefined && Object.hasOwn(this.mocks, each));
    return key === undefined ? undefined : (this.mocks[key] as Record<string, unknown>);
  }

  keepArtifact(made: KeptArtifact): void {
    this.made.push(made);
  }

  lackArtifact(actionId: string): void {
    this.unmocked.add(actionId);
  }

  /** Returns whether a configuration refers to an artifact without a mock. */
  lacksArtifactOf(config: unknown): boolean {
    const text = JSON.stringify(config);
    return [...this.unmocked].some((id) => text.includes(`artifacts.${id}`));
  }

  /**
   * Returns the artifacts that are visible to a step, oldest first. Artifacts of concurrent iterations are not visible.
   * Artifacts of other branches of a `parallel` are visible if they were created at an earlier instant.
   */
  artifactsSeenFrom(path: string, now: number): ExpressionContext['artifacts'] {
    const lanes = lanesAround(this.definition, path);
    return this.made
      .filter((made) => !lanes.some((lane) => isBeside(lane, made.path)))
      .filter((made) => made.at < now || !inSiblingBranches(made.path, path))
      .map(({ artifact }) => artifact);
  }

  keepWait(path: string, result: Record<string, unknown>): void {
    this.waits.set(path, result);
  }

  /** Returns the result of the wait at a path, or null if there is none. */
  waitAt(path: string | undefined): Record<string, unknown> | null {
    return path === undefined ? null : (this.waits.get(path) ?? null);
  }
}
