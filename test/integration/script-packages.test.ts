import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { createScripts, type Scripts } from '../support/scripts';

/** Creates an in-memory list of allowed packages. `reads` records the id of each archive that is read. */
function allowList(archives: Readonly<Record<string, Buffer>>) {
  const reads: string[] = [];
  return {
    reads,
    find: (name: string) => {
      const archive = archives[name];
      const sha256 = createHash('sha256')
        .update(archive ?? '')
        .digest('hex');
      return Promise.resolve(archive === undefined ? null : { id: name, sha256, isIntact: true });
    },
    archive: (id: string) => {
      reads.push(id);
      return Promise.resolve(archives[id] ?? null);
    },
  };
}

async function archive(name: string, padding = 0): Promise<Buffer> {
  const packed = pack();
  packed.entry({ name: 'package/package.json' }, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
  packed.entry({ name: 'package/index.js' }, `module.exports = ${JSON.stringify(name)};`);
  packed.entry({ name: 'package/padding' }, Buffer.alloc(padding));
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

const directories = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`fermata-runtime-${process.pid}-`));

describe('packages of scripts', () => {
  const large = ['a', 'b', 'c', 'd', 'e'];
  let list: ReturnType<typeof allowList>;
  let scripts: Scripts;
  beforeAll(async () => {
    const padded = await Promise.all(large.map(async (name) => [name, await archive(name, 60_000_000)] as const));
    list = allowList({ small: await archive('small'), ...Object.fromEntries(padded) });
    scripts = createScripts({}, { packages: list });
  }, 180_000);
  afterAll(async () => {
    await scripts.close();
    expect(directories()).toEqual([]);
  });

  const use = `import small from 'small'; export default async () => small;`;

  test('are unpacked once if several scripts use them concurrently', async () => {
    const all = await Promise.all([1, 2, 3].map(() => scripts.node(use, { packages: ['small'] })));
    expect(all.map(({ result }) => result)).toEqual(['small', 'small', 'small']);
    expect(list.reads).toEqual(['small']);
    const [directory = ''] = directories();
    expect(readdirSync(join(tmpdir(), directory, 'packages'))).toHaveLength(1);
  }, 180_000);

  test('cannot be changed by a script', async () => {
    const script = `import { writeFileSync } from 'node:fs';
export default async () => writeFileSync('/work/node_modules/small/index.js', 'x');`;
    expect((await scripts.node(script, { packages: ['small'] })).error).toContain('EROFS');
  }, 180_000);

  test('are refused if there are too many, if one occurs twice, or if they are too large in total', async () => {
    const refused = (packages: string[], text: string) =>
      expect(scripts.node(use, { packages })).rejects.toMatchObject({
        code: 'packages_not_ready',
        message: expect.stringContaining(text) as string,
      });
    await refused(
      Array.from({ length: 21 }, (_, index) => `p${index}`),
      'at most 20',
    );
    await refused(['small', 'small@1.0.0'], 'twice');
    await refused(large, '268435456 are allowed');
    await refused(['missing'], 'not on the allow-list');
  }, 180_000);
});
