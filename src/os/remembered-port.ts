import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freePort } from './free-port';

/**
 * Returns the port in the file, or `first` when the file does not exist or contains no port. If that port is in use,
 * returns any free port. Stores the port in the file.
 */
export async function rememberedPort(file: string, first: number): Promise<number> {
  const remembered = existsSync(file) ? Number(readFileSync(file, 'utf8')) : first;
  const isPort = Number.isInteger(remembered) && remembered > 0 && remembered < 65_536;
  const port = await freePort(isPort ? remembered : first);
  writeFileSync(file, `${port}\n`);
  return port;
}
