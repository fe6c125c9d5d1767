import { isRefusedVariable } from './variable-names';

it.each([
  ...['LD_PRELOAD', 'LD_AUDIT', 'LD_DEBUG_OUTPUT', 'ld_preload', 'GCONV_PATH', 'GLIBC_TUNABLES', 'MALLOC_TRACE'],
  ...['BASH_ENV', 'BASH_FUNC_ls', 'ENV', 'SHELLOPTS', 'BASHOPTS', 'PS4', 'IFS', 'PATH', 'PROMPT_COMMAND'],
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'PYTHONSTARTUP', 'PERL5OPT', 'RUBYOPT', 'JAVA_TOOL_OPTIONS'],
  ...['SSL_CERT_FILE', 'OPENSSL_CONF', 'LOCPATH', 'NLSPATH', 'TMPDIR', 'GIT_SSH_COMMAND', 'DYLD_INSERT_LIBRARIES'],
])('%s is refused', (name) => expect(isRefusedVariable(name)).toBe(true));

it.each(['TOKEN', 'OLD_PATH', 'LDAP_URL', 'NODE_ENV', 'ENVIRONMENT', 'HOME', 'TZ', 'LANG', 'DEBUG', 'http_proxy'])(
  '%s is allowed',
  (name) => expect(isRefusedVariable(name)).toBe(false),
);
