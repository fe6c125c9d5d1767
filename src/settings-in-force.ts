/** A setting of a process as it is in force. */
export interface SettingInForce {
  name: string;
  /** null = not set and without a default, or secret. */
  value: string | null;
  source: 'environment' | 'default' | 'unset';
  /** A secret that is set has no value here. */
  secret: boolean;
}

/** Settings whose whole value is secret, by the words of their name. */
const SECRET = /(^|_)(SECRET|TOKEN|PASSWORD|KEY|KEYS|HEADERS)(_|$)/;
/** An address with what may be secret in it: user and password, query, fragment. */
const ADDRESS = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#]*@)?([^\s?#,;]*)([?#][^\s,;]*)?/gi;

/** Lists settings with the values that are in force. Secrets, and credentials in addresses, are left out. */
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
  // A password may hold an "@", a "/" or a "?": up to the last "@" of an address, everything may belong to it.
  if (value.includes('@') && value.includes('://')) {
    return value.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s,;]*@)/gi, '$1***@').replace(/[?#][^\s,;]*/g, '?***');
  }
  return value.replace(ADDRESS, (_all, scheme: string, _user, rest: string, query?: string) =>
    query === undefined ? `${scheme}${rest}` : `${scheme}${rest}?***`,
  );
}
