/** Format of environment variable names. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Maximum number of variables in each of `env` and `secretEnv`. */
export const MAX_VARIABLES = 200;

/**
 * Variables that make a dynamic loader, C library, shell or language runtime read files or run code before the script
 * starts. Names that end in `*` are prefixes.
 */
const REFUSED = [
  // Dynamic loaders and C libraries.
  ...['LD_*', 'DYLD_*', '_RLD*', 'GLIBC_TUNABLES', 'GCONV_PATH', 'MALLOC_*', 'LOCPATH', 'NLSPATH', 'NIS_PATH'],
  ...['HOSTALIASES', 'LOCALDOMAIN', 'RES_OPTIONS', 'RESOLV_*', 'GETCONF_DIR', 'TZDIR', 'TMPDIR', 'DATEMSK', 'MUSL_*'],
  // Shells.
  ...[
    'PATH',
    'IFS',
    'ENV',
    'BASH_*',
    'BASHOPTS',
    'SHELLOPTS',
    'PS4',
    'PROMPT_COMMAND',
    'CDPATH',
    'GLOBIGNORE',
    'ZDOTDIR',
  ],
  // Node.
  ...[
    'NODE_OPTIONS',
    'NODE_PATH',
    'NODE_EXTRA_CA_CERTS',
    'NODE_REPL_*',
    'NODE_V8_COVERAGE',
    'NODE_CHANNEL_*',
    'NODE_ICU_DATA',
  ],
  ...['NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_USE_ENV_PROXY', 'NODE_COMPILE_CACHE', 'UV_*'],
  // Other runtimes.
  ...[
    'PYTHON*',
    'PERL5*',
    'PERLLIB',
    'PERL_*',
    'RUBYOPT',
    'RUBYLIB',
    'RUBYSHELL',
    'GEM_*',
    'LUA_*',
    'PHPRC',
    'PHP_INI_*',
  ],
  ...['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS', 'CLASSPATH', 'DOTNET_STARTUP_HOOKS', 'CORECLR_*'],
  // Cryptography.
  ...['SSL_*', 'OPENSSL_*', 'SSLKEYLOGFILE', 'CURL_CA_BUNDLE', 'CURL_HOME', 'REQUESTS_CA_BUNDLE', 'KRB5*'],
  // Programs that other programs start.
  ...['GIT_*', 'EDITOR', 'VISUAL', 'PAGER', 'LESSOPEN', 'LESSCLOSE', 'BROWSER'],
] as const;

const exact = new Set<string>(REFUSED.filter((name) => !name.endsWith('*')));
const prefixes = REFUSED.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));

/** Returns whether a script must not set a variable with this name. Ignores case. */
export function isRefusedVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return exact.has(upper) || prefixes.some((prefix) => upper.startsWith(prefix));
}
