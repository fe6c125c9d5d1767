import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import type { CallContext, CallingAction } from '../contract';
import { isTimeout } from '../is-timeout';
import { ProviderFailure } from '../provider-failure';
import { keepText } from '../script/keep-text';
import { hostFor, SshConnection } from './account';
import { CONNECT_TIMEOUT_MS, withSession } from './session';

const Text = z.string().trim().min(1);
const DEFAULT_SECONDS = 60;
/** Milliseconds to wait after TERM before sending KILL, and again before abandoning the channel. */
const GRACE_MS = 2_000;
/**
 * Milliseconds after the end of a command during which its output is still read. Other processes may keep the channel
 * open.
 */
const DRAIN_MS = 5_000;
/** Milliseconds to wait, after a channel has closed, to find out whether the connection was lost. */
const LOST_MS = 500;

const Config = z.strictObject({
  connectionId: Text,
  host: Text.optional().describe('One of the hosts of the connection; default: its host'),
  command: z.string().min(1).max(100_000).describe('Run by the login shell of the user'),
  args: z
    .array(z.string().max(10_000))
    .max(100)
    .default([])
    .describe('Arguments that are appended to the command, each quoted for the shell. Use them for untrusted values'),
  stdin: z.string().max(1_048_576).optional().meta({ 'x-secret': true }),
  timeout_seconds: z.number().min(1).max(86_400).default(DEFAULT_SECONDS),
});
type Config = z.infer<typeof Config>;

const Result = z.object({ exitCode: z.int().nullable(), stdout: z.string(), stderr: z.string() });
type Result = z.infer<typeof Result>;

/**
 * Creates the action `integration-ssh.run`. A command that ends with a non-zero exit code or at its timeout is not run
 * again. A command may be run again if the worker or the connection was lost while it was running.
 */
export function createRun(egress: Egress): CallingAction<Config> {
  return {
    id: 'run',
    displayName: 'Run a command by SSH',
    description: 'Runs a command on a host and fails when its exit code is not 0.',
    configSchema: Config,
    connection: 'ssh',
    produces: { name: 'result', schema: Result },
    execution: 'call',
    startsApart: true,
    // Also called before templates are rendered, so a field may still contain a template.
    timeoutMs: ({ timeout_seconds: seconds }) =>
      (typeof seconds === 'number' ? seconds : DEFAULT_SECONDS) * 1_000 + 3 * CONNECT_TIMEOUT_MS,
    async execute(context) {
      const { config, connection, now, signal } = context;
      const account = SshConnection.parse(connection);
      const host = hostFor(account, config.host);
      const call = { now, signal, timeoutMs: CONNECT_TIMEOUT_MS, host };
      const ended = await withSession(egress, account, call, (client) => runCommand(client, host, context));
      const { stopped, ...result } = ended;
      if (stopped === undefined && result.exitCode === 0) return { output: result, artifact: result };
      throw failureOf(host, context, ended);
    },
  };
}

interface Ended extends Result {
  /** Name of the signal that ended the command, such as KILL. */
  killedBy?: string;
  stopped?: 'timeout';
}

function failureOf(
  host: string,
  { config, mask, signal }: Pick<CallContext<Config>, 'config' | 'mask' | 'signal'>,
  { stopped, killedBy, ...output }: Ended,
): ProviderFailure {
  if (stopped !== undefined) {
    const limit = isTimeout(signal) ? 'the time limit of the step' : `${config.timeout_seconds} s`;
    const message = `The command on ${host} did not end within ${limit}, and was sent TERM and KILL.`;
    return new ProviderFailure('timeout', message, { retryable: false, output });
  }
  const without = killedBy === undefined ? 'ended without an exit code' : `was ended by SIG${killedBy}`;
  const how = output.exitCode === null ? without : `ended with ${output.exitCode}`;
  const said = mask(output.stderr).trim().split('\n').at(-1)?.slice(0, 500) ?? '';
  const message = `The command on ${host} ${how}${said === '' ? '' : `: ${said}`}`;
  return new ProviderFailure('provider_failed', message, { retryable: false, output });
}

async function runCommand(client: Client, host: string, { config, mask, signal }: CallContext<Config>): Promise<Ended> {
  const { channel, ended } = await opened(client, host, [config.command, ...config.args.map(quoted)].join(' '));
  const [stdout, stderr] = [channel, channel.stderr].map((stream) => stream.pipe(new PassThrough()));
  const texts = [stdout, stderr].map((stream) => keepText(stream ?? new PassThrough(), mask));
  // A command that does not read its input closes the channel. This is not an error.
  channel.on('error', () => undefined);
  channel.end(config.stdin ?? '');
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), config.timeout_seconds * 1_000);
  const stop = AbortSignal.any([signal, deadline.signal]);
  const stopping = new Promise<'stop'>((resolve) => stop.addEventListener('abort', () => resolve('stop')));
  try {
    const first = await Promise.race([ended.exited, ended.closed, stopping]);
    const isStopped = first === 'stop' || stop.aborted;
    if (isStopped) await kill(channel, ended.closed);
    else await Promise.race([ended.closed, stopping, waitFor(DRAIN_MS)]);
    // A lost connection also closes the channel. In that case, the session fails before this returns.
    if (first !== 'stop' && !ended.isKnown()) await waitFor(LOST_MS);
    stdout?.end();
    stderr?.end();
    const [out = '', err = ''] = await Promise.all(texts);
    if (!isTimeout(signal)) signal.throwIfAborted();
    const { exitCode, killedBy } = ended.status();
    const result = { exitCode: isStopped ? null : exitCode, stdout: out, stderr: err };
    return {
      ...result,
      ...(killedBy !== undefined && { killedBy }),
      ...(isStopped && { stopped: 'timeout' as const }),
    };
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}

/** A running command. */
interface Running {
  channel: ClientChannel;
  ended: ReturnType<typeof endOf>;
}

function opened(client: Client, host: string, command: string): Promise<Running> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      // Listen immediately: a short command's exit code may arrive in the same packet as the response, and is emitted
      // right after this.
      if (error === undefined) resolve({ channel, ended: endOf(channel) });
      else
        reject(
          new ProviderFailure('provider_failed', `${host} refused to run the command: ${error.message}`, {
            retryable: false,
          }),
        );
    });
  });
}

/**
 * Observes the end of a command. `exited` resolves when the exit code or the signal is known, and `closed` later, after
 * the output. `status` returns the exit code or signal. `isKnown` returns whether either has been received.
 */
function endOf(channel: ClientChannel) {
  let status: { exitCode: number | null; killedBy?: string } = { exitCode: null };
  const exited = new Promise<void>((resolve) => {
    channel.once('exit', (code: number | null, signal?: string) => {
      status = { exitCode: code, ...(signal !== undefined && { killedBy: signal.replace(/^SIG/, '') }) };
      resolve();
    });
  });
  const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  return {
    exited,
    closed,
    status: () => status,
    isKnown: () => status.exitCode !== null || status.killedBy !== undefined,
  };
}

/** Internal methods of the SSH library. */
interface Internals {
  _client?: { _protocol?: { signal(channel: number, name: string): void } };
  outgoing?: { id: number };
}

/** Sends a signal to a command. The library's `channel.signal` does nothing after the end of the command's input. */
function sendSignal(channel: ClientChannel, name: string): void {
  const { _client: client, outgoing } = channel as unknown as Internals;
  if (outgoing !== undefined) client?._protocol?.signal(outgoing.id, name);
}

/**
 * Kills the process group of the command, which would keep running if only the connection were closed. OpenSSH before
 * 7.9, and later versions for root logins, ignore the signals (`session_signal_req` in its session.c).
 */
async function kill(channel: ClientChannel, closed: Promise<void>): Promise<void> {
  for (const name of ['TERM', 'KILL']) {
    sendSignal(channel, name);
    if (await Promise.race([closed.then(() => true), waitFor(GRACE_MS)])) return;
  }
}

/** Resolves with false after the given milliseconds. The timer does not keep the process alive. */
const waitFor = (ms: number): Promise<false> => pause(ms, false, { ref: false });

/** Returns `text` quoted as one word for a POSIX shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
