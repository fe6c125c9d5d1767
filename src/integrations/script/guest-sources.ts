/**
 * The program that runs `run_script` inside the sandbox: `runner.mjs SCRIPT AMARO UNDICI`. It reads the context from
 * standard input and writes the result to file descriptor 3, so that the script's output cannot interfere with either.
 * It removes types with a WebAssembly module, so nothing outside the sandbox parses the author's code. UNDICI is empty
 * for scripts without network access.
 */
export const RUNNER = String.raw`
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { SourceTextModule } from 'node:vm';

const [, , scriptPath, amaroPath, undiciPath] = process.argv;
const require = createRequire(import.meta.url);
let hasAnswered = false;
const answer = (value) => {
  if (hasAnswered) return;
  // Throws for a result that JSON cannot represent. The error is then the answer.
  const bytes = Buffer.from(JSON.stringify(value));
  hasAnswered = true;
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
};
const describe = (error) => {
  if (!(error instanceof Error)) return String(error);
  const causes = [];
  for (let at = error.cause; at instanceof Error && causes.length < 3; at = at.cause) causes.push(' (' + at.message + ')');
  return error.name + ': ' + error.message + causes.join('');
};
const fail = (error) => {
  answer({ error: describe(error) });
  console.error(error);
  process.exit(1);
};
const refuse = (message) => {
  answer({ unreadable: message });
  console.error(message);
  process.exit(1);
};
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

const TOO_DEEP = 'it is nested too deeply.';
/** Returns the script as JavaScript. A script that is already JavaScript is returned unchanged. */
const javascript = (source) => {
  try {
    new SourceTextModule(source);
    return source;
  } catch (error) {
    if (error instanceof RangeError) refuse(TOO_DEEP);
  }
  const { transformSync } = require(amaroPath);
  try {
    return transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) refuse(TOO_DEEP);
  }
  try {
    const { code, map } = transformSync(source, { mode: 'transform', sourceMap: true, filename: scriptPath });
    process.setSourceMapsEnabled(true);
    return code + '\n//# sourceMappingURL=data:application/json;base64,' + Buffer.from(map ?? '{}').toString('base64');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error.message ?? error);
    return refuse(error instanceof WebAssembly.RuntimeError ? TOO_DEEP : text.split('\n\nCaused by')[0].trim());
  }
};

const modulePath = scriptPath.replace(/\.ts$/, '.mjs');
writeFileSync(modulePath, javascript(readFileSync(scriptPath, 'utf8')));
if (undiciPath !== '') {
  const { EnvHttpProxyAgent, setGlobalDispatcher, fetch, FormData, Headers, Request, Response } = require(undiciPath);
  setGlobalDispatcher(new EnvHttpProxyAgent());
  Object.assign(globalThis, { fetch, FormData, Headers, Request, Response });
}
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const context = JSON.parse(Buffer.concat(chunks).toString('utf8'));
try {
  const { default: main } = await import(pathToFileURL(modulePath).href);
  if (typeof main !== 'function') throw new TypeError('The script has no "export default async (context) => …"');
  answer({ result: await main(context) });
} catch (error) {
  fail(error);
}
`;

/** Port of the forwarder on the loopback interface of the sandbox. */
export const FORWARDER_PORT = 3_128;

/**
 * The program that connects a sandbox to the service's proxy. `forwarder.mjs SOCKET COMMAND…` listens on the loopback
 * interface of the sandbox, forwards each connection to a Unix socket, and runs the command.
 */
export const FORWARDER = String.raw`
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';

const [, , socketPath, command, ...args] = process.argv;
const server = createServer((inside) => {
  const outside = connect(socketPath);
  inside.on('error', () => outside.destroy()).on('close', () => outside.destroy());
  outside.on('error', () => inside.destroy()).on('close', () => inside.destroy());
  inside.pipe(outside).pipe(inside);
});
server.listen(${FORWARDER_PORT}, '127.0.0.1', () => {
  const child = spawn(command, args, { stdio: ['inherit', 'inherit', 'inherit', 3] });
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(127);
  });
  child.on('exit', (code) => process.exit(code ?? 137));
});
`;
