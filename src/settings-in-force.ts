/** A setting of a process and its current value. */
export interface SettingInForce {
  name: string;
  /** null = the setting is secret, or is not set and has no default. */
  value: string | null;
  source: 'environment' | 'default' | 'unset';
  /** Whether the setting is secret. The value of a secret is left out. */
  secret: boolean;
}

/** Names of settings whose whole value is secret. */
const SECRET = /(^|_)(SECRET|TOKEN|PASSWORD|KEY|KEYS|HEADERS)(_|$)/;
/** An address. Its groups are the scheme, user and password, host and path, and query or fragment. */
const ADDRESS = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#]*@)?([^\s?#,;]*)([?#][^\s,;]*)?/gi;

/** Returns whether the value of a setting is secret or may contain credentials. */
export function isSecretSetting(name: string, values: Readonly<Record<string, string>>): boolean {
  return SECRET.test(name) || (Object.hasOwn(values, name) && values[name]?.includes('@') === true);
}

/**
 * Returns settings with their current values. Secrets are left out, and so are credentials and queries in addresses.
 */
export function settingsInForce(
  defaults: Readonly<Record<string, string | undefined>>,
  present: Readonly<Record<string, string>>,
): SettingInForce[] {
  return Object.entries(defaults).map(([name, preset]) => {
    const given = Object.hasOwn(present, name) ? present[name] : undefined;
    const value = given ?? preset;
    const source = given !== undefined ? 'environment' : preset !== undefined ? 'default' : 'unset';
    const secret = SECRET.test(name);
    return { name, value: value === undefined || secret ? null : withoutCredentials(value), source, secret };
  });
}

function withoutCredentials(value: string): string {
  // A password may contain "@", "/" or "?", so everything up to the last "@" of an address may belong to it.
  if (value.includes('@') && value.includes('://')) {
    return value.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s,;]*@)/gi, '$1***@').replace(/[?#][^\s,;]*/g, '?***');
  }
  return value.replace(ADDRESS, (_all, scheme: string, _user, rest: string, query?: string) =>
    query === undefined ? `${scheme}${rest}` : `${scheme}${rest}?***`,
  );
}
