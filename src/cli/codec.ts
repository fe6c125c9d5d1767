import type { Command } from 'commander';
import { loadConfig, requireSecretKey } from '../config';
import { decodeJson } from '../temporal/codec/decode-json';
import { createPayloadCodec } from '../temporal/codec/payload-codec';
import { readJsonArgument } from './json-argument';
import { createOutput } from './print/output';

/** Configures `fermata codec`. */
export function configure(command: Command): void {
  command
    .argument('[file]', 'file with the JSON to decrypt, or - for standard input', '-')
    .addHelpText(
      'after',
      `
Decrypts payloads of Temporal's histories with the keys of FERMATA_SECRET_KEY, without a service. It reads JSON as Temporal's
command line prints it and writes the same document with every encrypted payload replaced by its value. Temporal's Web UI and
its command line can use the API instead: set https://<API>/api/v1/codec as their codec endpoint.

Examples:
  temporal workflow show -w disk-full/db-1 --output json | fermata codec
  fermata codec history.json
  temporal workflow show -w disk-full/db-1 --codec-endpoint "$FERMATA_URL/api/v1/codec" --codec-auth "Bearer $FERMATA_TOKEN"
`,
    )
    .action(async (file: string) => {
      const keys = requireSecretKey(loadConfig(process.env, []));
      const document = readJsonArgument(file === '-' ? '-' : `@${file}`, 'The input');
      createOutput().json(await decodeJson(document, createPayloadCodec({ keys, encrypts: false })));
    });
}
