import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { readArchive } from './unpack';

async function archive(...names: string[]): Promise<Buffer> {
  const packed = pack();
  for (const name of ['package/package.json', ...names]) packed.entry({ name }, '{}');
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

it.each([
  ['"a" is a file and a folder', ['package/a', 'package/a/b/c']],
  ['"a/b" is a file and a folder', ['package/a/b/c', 'package/a/b']],
  ['is too long a path', [`package/${'n'.repeat(256)}`]],
  ['is too long a path', [`package/${'ä'.repeat(128)}`]],
  ['is too long a path', [`package/${'name/'.repeat(110)}x`]],
  ['is too long a path', [`package/${'a/'.repeat(40)}x`]],
  ['leads out of the package', ['package/a/../../../x']],
])('refuses an archive with a path that cannot be extracted: %s', async (problem, names) => {
  await expect(readArchive(await archive(...names))).rejects.toThrow(problem);
});

it('accepts nested folders, and a file that occurs twice', async () => {
  const files = await readArchive(await archive('package/a/b', 'package/a/c', 'package/a/c', 'package/ab'));
  expect(files.map(({ path }) => path)).toEqual(['package.json', 'a/b', 'a/c', 'a/c', 'ab']);
});
