import type { LookupAddress, LookupOptions } from 'node:dns';
import { createAllowList } from './allow-list';
import { guardedLookup } from './guarded-lookup';

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });

interface Case {
  found: LookupAddress[];
  allow?: string[];
  options?: LookupOptions;
  host?: string;
}

function lookUp({ found, allow = [], options = { all: true }, host = 'name.example' }: Case): Promise<unknown> {
  const lookup = guardedLookup(80, createAllowList(allow), () => Promise.resolve(found));
  return new Promise((resolve, reject) => {
    lookup(host, options, (error, address, family) => {
      if (error) reject(error);
      else resolve(Array.isArray(address) ? address : { address, family });
    });
  });
}

it('passes exactly the checked addresses to the socket', async () => {
  await expect(lookUp({ found: [v4('8.8.8.8'), v6('2606:4700::1')] })).resolves.toEqual([
    v4('8.8.8.8'),
    v6('2606:4700::1'),
  ]);
});

it.each(['127.0.0.1', '10.0.0.5', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1'])(
  'refuses a name that resolves to %s',
  async (address) => {
    const found = [{ address, family: address.includes(':') ? 6 : 4 }];
    await expect(lookUp({ found })).rejects.toMatchObject({ code: 'egress_refused', retryable: false });
  },
);

it('does not reveal the address of an internal name', async () => {
  const failure = await lookUp({ found: [v4('10.11.12.13')], host: 'db.internal' }).catch((error: unknown) => error);
  expect(String((failure as Error).message)).toContain('The host db.internal is not public');
  expect(String((failure as Error).message)).not.toMatch(/10\.11|private/);
});

it('omits private addresses if there are public ones', async () => {
  await expect(lookUp({ found: [v4('10.0.0.1'), v4('8.8.8.8')] })).resolves.toEqual([v4('8.8.8.8')]);
});

it('accepts private addresses of an allowed host, and of an allowed range', async () => {
  await expect(lookUp({ found: [v4('10.0.0.1')], allow: ['*.example'] })).resolves.toEqual([v4('10.0.0.1')]);
  await expect(lookUp({ found: [v6('::1'), v4('127.0.0.1')], allow: ['127.0.0.0/8'] })).resolves.toEqual([
    v4('127.0.0.1'),
  ]);
});

it('refuses a host that is allowed only on another port', async () => {
  await expect(lookUp({ found: [v4('10.0.0.1')], allow: ['name.example:8080'] })).rejects.toMatchObject({
    code: 'egress_refused',
  });
});

it('returns a single address without the option `all`', async () => {
  await expect(lookUp({ found: [v4('8.8.8.8')], options: {} })).resolves.toEqual(v4('8.8.8.8'));
});

it('fails for a name without addresses', async () => {
  await expect(lookUp({ found: [] })).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
