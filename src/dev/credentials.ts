import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Credentials that `fermata dev` creates once and keeps in its state directory. Only their owner can read them. */
export interface DevCredentials {
  secretKey: string;
  adminToken: string;
  /** File that contains the admin token. Undefined if the token comes from the environment. */
  adminTokenFile: string | undefined;
}

/** Returns each credential from the environment or, if it is not set there, from its file. Creates missing files. */
export function devCredentials(home: string, env: NodeJS.ProcessEnv): DevCredentials {
  const adminTokenFile = env['FERMATA_ADMIN_TOKEN'] ? undefined : adminTokenFileOf(home);
  return {
    secretKey: env['FERMATA_SECRET_KEY'] || kept(join(home, 'secret-key'), () => randomBytes(32).toString('base64')),
    adminToken: env['FERMATA_ADMIN_TOKEN'] || kept(adminTokenFileOf(home), () => randomBytes(24).toString('base64url')),
    adminTokenFile,
  };
}

/** Returns the path of the file with the admin token of `fermata dev`. */
export function adminTokenFileOf(home: string): string {
  return join(home, 'admin-token');
}

function kept(file: string, make: () => string): string {
  if (existsSync(file)) {
    const value = readFileSync(file, 'utf8').trim();
    if (value !== '') return value;
  }
  const value = make();
  writeFileSync(file, `${value}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return value;
}
