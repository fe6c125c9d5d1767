import pg from 'pg';

const CONNECTIONS = 20;

/**
 * Records the runs of the best possible engine as Fermata's guarantees require, with 3 + n commits for n requests: the
 * event is accepted, its run is admitted, the first step begins, each further step begins when the step before it has
 * ended, and the last step and the run end.
 */
export interface RecordedRuns {
  /** Stores the event, and then the run that it starts. */
  accept(run: string, event: string): Promise<void>;
  begin(run: string): Promise<void>;
  /** Stores that a step has ended and the next one, `step`, begins. */
  next(run: string, step: number): Promise<void>;
  end(run: string): Promise<void>;
  close(): Promise<void>;
}

/** Creates the tables and connects to them. */
export async function openRecordedRuns(connectionString: string): Promise<RecordedRuns> {
  const pool = new pg.Pool({ connectionString, max: CONNECTIONS });
  await pool.query(`
    create table if not exists events (id text primary key, body jsonb not null, at timestamptz not null);
    create table if not exists recorded_runs (id text primary key, event jsonb not null, status text not null,
      step int not null default 0, started_at timestamptz, finished_at timestamptz)`);
  const write = async (name: string, text: string, values: (string | number)[]) =>
    void (await pool.query({ name, text, values }));
  return {
    async accept(run, event) {
      await write('accept', 'insert into events values ($1, $2, clock_timestamp())', [run, event]);
      await write('admit', `insert into recorded_runs (id, event, status) values ($1, $2, 'pending')`, [run, event]);
    },
    begin: (run) =>
      write('begin', `update recorded_runs set status = 'running', started_at = clock_timestamp() where id = $1`, [
        run,
      ]),
    next: (run, step) => write('next', 'update recorded_runs set step = $2 where id = $1', [run, step]),
    end: (run) =>
      write('end', `update recorded_runs set status = 'success', finished_at = clock_timestamp() where id = $1`, [run]),
    close: () => pool.end(),
  };
}
