import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port';
import { rememberedPort } from './remembered-port';

describe('rememberedPort', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-port-'));
  const file = join(directory, 'port');
  afterAll(() => rmSync(directory, { recursive: true }));

  it('keeps a replacement port, even after the first one is free again', async () => {
    const first = await freePort();
    const holder = createServer().listen(first, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const other = await rememberedPort(file, first);
    await new Promise((resolve) => holder.close(resolve));
    expect(other).not.toBe(first);
    expect(await rememberedPort(file, first)).toBe(other);
  });

  it('returns the first port if the file contains no port', async () => {
    const first = await freePort();
    writeFileSync(file, 'x');
    expect(await rememberedPort(file, first)).toBe(first);
  });
});
