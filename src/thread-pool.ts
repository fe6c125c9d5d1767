import type { Worker } from 'node:worker_threads';

/** The outcome of a job. */
export type ThreadVerdict<Answer> =
  | { type: 'answered'; answer: Answer }
  /** The thread ended, because the job exceeded its deadline or used more memory than the thread is allowed to use. */
  | { type: 'too_expensive' }
  /** No thread could be started. */
  | { type: 'unavailable' };

/** Runs jobs off the main thread, one at a time in each thread. */
export interface ThreadPool<Job, Answer> {
  run(job: Job): Promise<ThreadVerdict<Answer>>;
  /** Stops all threads. */
  close(): Promise<void>;
}

/** A message from a thread: `ready` once, then one answer for each message `{id, job}`. */
export type ThreadMessage<Answer> = 'ready' | { id: number; answer: Answer };

interface Waiting<Job, Answer> {
  job: Job;
  settle: (verdict: ThreadVerdict<Answer>) => void;
}

/** Maximum duration of a job on a busy machine, as a multiple of its deadline. */
const MAX_DEADLINES = 5;

/**
 * Creates a pool of at most `size` threads, which start when they are first needed. Idle threads do not keep the
 * process alive. A job that exceeds its deadline ends its thread, and the next job gets a new thread. A job exceeds its
 * deadline when `deadlineMs` have passed since its thread began the job and the process has used at least as much CPU
 * time since then. If the process has used less CPU time, the job is ended after `MAX_DEADLINES` deadlines. The CPU
 * time is measured for the process, because Node does not report it per thread.
 */
export function createThreadPool<Job, Answer>(options: {
  size: number;
  deadlineMs: number;
  start: () => Worker;
}): ThreadPool<Job, Answer> {
  const waiting: Waiting<Job, Answer>[] = [];
  const idle: PooledThread<Job, Answer>[] = [];
  const all = new Set<PooledThread<Job, Answer>>();

  const next = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const thread = idle.pop() ?? (all.size < options.size ? start() : undefined);
      if (thread === undefined) return;
      waiting.shift();
      thread.run(first);
    }
  };
  const start = (): PooledThread<Job, Answer> => {
    const thread = createPooledThread<Job, Answer>(options.start(), options.deadlineMs, {
      onIdle: () => {
        idle.push(thread);
        next();
      },
      onEnd: () => {
        all.delete(thread);
        const at = idle.indexOf(thread);
        if (at >= 0) idle.splice(at, 1);
        next();
      },
    });
    all.add(thread);
    return thread;
  };

  return {
    run: (job) =>
      new Promise((settle) => {
        waiting.push({ job, settle });
        next();
      }),
    async close() {
      await Promise.all([...all].map((thread) => thread.close()));
    },
  };
}

interface PooledThread<Job, Answer> {
  run(next: Waiting<Job, Answer>): void;
  close(): Promise<void>;
}

/** Creates a thread that performs one job at a time and is ended when a job exceeds the deadline. */
function createPooledThread<Job, Answer>(
  worker: Worker,
  deadlineMs: number,
  callbacks: { onIdle: () => void; onEnd: () => void },
): PooledThread<Job, Answer> {
  worker.unref();
  let ready = false;
  let current: Waiting<Job, Answer> | undefined;
  let stopTimer: (() => void) | undefined;
  let id = 0;

  const settle = (verdict: ThreadVerdict<Answer>): void => {
    stopTimer?.();
    const done = current;
    current = undefined;
    worker.unref();
    done?.settle(verdict);
  };
  const begin = (): void => {
    if (!ready || current === undefined) return;
    id += 1;
    stopTimer = onDeadline(deadlineMs, () => void worker.terminate());
    worker.postMessage({ id, job: current.job });
  };
  worker.on('message', (message: ThreadMessage<Answer>) => {
    if (message === 'ready') {
      ready = true;
      begin();
      return;
    }
    if (message.id !== id) return;
    settle({ type: 'answered', answer: message.answer });
    callbacks.onIdle();
  });
  // A thread that runs out of memory emits an error. `exit` follows in every case.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    const verdict = { type: ready ? ('too_expensive' as const) : ('unavailable' as const) };
    settle(verdict);
    callbacks.onEnd();
  });
  return {
    run(next) {
      current = next;
      worker.ref();
      begin();
    },
    async close() {
      await worker.terminate();
    },
  };
}

/**
 * Calls `callback` when the deadline of a job has passed (see `createThreadPool`). Returns a function that stops the
 * timer.
 */
function onDeadline(deadlineMs: number, callback: () => void): () => void {
  const startedAt = performance.now();
  const usedBefore = process.cpuUsage();
  const check = (): void => {
    const { user, system } = process.cpuUsage(usedBefore);
    const usedMs = (user + system) / 1000;
    const leftMs = Math.min(deadlineMs - usedMs, startedAt + MAX_DEADLINES * deadlineMs - performance.now());
    if (leftMs <= 0) callback();
    else timer = setTimeout(check, Math.max(leftMs, 10));
  };
  let timer = setTimeout(check, deadlineMs);
  return () => clearTimeout(timer);
}
