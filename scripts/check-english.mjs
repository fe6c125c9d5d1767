// `npm run ci -- english`: refuses phrases that readers stumble over, in code, comments, messages and docs. Prints each
// place and what to write instead, and exits 1 if there is any.
// usage: node scripts/check-english.mjs [FILE…] (default: all files under version control)
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Refused phrases, each with what to write instead. */
const PHRASES = [
  [/\bin vain\b/i, 'timed out'],
  [/\bby hand\b/i, 'manually'],
  [/\bof one's own\b/i, 'custom'],
  [/\ball the same\b/i, 'anyway'],
  [/\bby (?:itself|themselves)\b/i, 'automatically, separately, on its own data'],
  [/\bbehind (?:it|them)\b/i, 'after it, later'],
  [/\b(?:is|are|was|were) told\b/i, 'notifies, reports, describes'],
  [
    /\btells? (?:of|what|whether|which|why|how|that|the|a|its|nothing|others|people|them)\b/i,
    'reports, shows, says, notifies',
  ],
  [/\b(?:be|been|can|cannot|could|being) told\b/i, 'be notified, be determined, be distinguished'],
  [/\bas the API tells it\b/i, 'in answers of the API'],
  [/\bhears? of\b/i, 'receives'],
  [/\b(?:is|are) looked at\b/i, 'evaluated, checked'],
  [/\bis asked\b/i, 'evaluated, checked, called'],
  [/\bthere already\b/i, 'already exists'],
  [/\bhad come to\b/i, 'the recorded outcome'],
  [/\bit lives\b/i, 'say what the process does'],
  [/\bwho (?:looks|trusts|routes)\b/i, 'the caller, operators who trust…'],
  [/\bbehind the gates?\b/i, 'after the gates'],
  [/\bcomes? round\b/i, 'completes an iteration'],
  [/\banew\b/i, 'again'],
  [/\bonce more\b/i, 'again'],
  [/\bwhat came of\b/i, 'the outcome of'],
  [/\bwithout a word\b/i, 'silently'],
  [/\bin its stead\b/i, 'instead'],
  [/\bof its own accord\b/i, 'automatically'],
  [/\bfor the while\b/i, 'temporary'],
  [/\bcame to (?:its|their) (?:value|state)\b|\b(?:it|waits?|stretch|dry run) came to\b/i, 'the outcome, the result'],
  [/\bfar[ -]ends?\b|\bfarEnd/i, 'the server, the receiver, the provider'],
  [/\b(?:has|have|had) told\b/i, 'has notified, has updated'],
  [/\bkept in mind\b/i, 'cached, remembered'],
  [/\bunder way at a time\b/i, 'concurrent: "Maximum number of concurrent calls"'],
  [/\bmeanwhile\b/i, 'in between, during it, until then'],
  [/\bcame in\b/i, 'was received'],
  [/\/\*\* (?:Most|Who) /, 'Maximum number of…; the author, the caller, the owner'],
  [/\bas (?:it|they) stands?\b/i, 'unchanged'],
  [/\b(?:not|there) any more\b/i, 'no longer, no longer exists'],
  [/\b(?:one|ones|one's|person's) own\b/i, 'custom, separate'],
  [/\bmakes? of (?:it|them|the|an?)\b/i, 'derives from'],
  [/\b(?:how|that|so) far it (?:came|got)\b/i, 'its progress'],
  [/\b(?:is|was)(?:Un)?(?:Told|Heard|Asked)|\b(?:tell|told)[A-Z]/, 'a name that says what is true or done'],
];

/** Files that people read. Pictures, the lock file and generated files are left out. */
const FILES = [
  'src',
  'test',
  'bench',
  'docs',
  'examples',
  'console/src',
  'scripts',
  '*.md',
  '.env.example',
  'drizzle.config.ts',
];
const SKIPPED = [/^scripts\/check-english\.mjs$/, /\.(?:png|svg|snap)$/, /^test\/replay\/histories\//];

function filesOf(args) {
  if (args.length > 0) return args;
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...FILES], { cwd: root, encoding: 'utf8' });
  return listed.split('\0').filter((file) => file !== '' && !SKIPPED.some((pattern) => pattern.test(file)));
}

/** Matches the indentation and the marker at the start of a line in a comment, list or quotation. */
const LINE_START = /^\s*(?:\*|\/\/|#|>|-)?\s*/;

let found = 0;
process.chdir(root);
for (const file of filesOf(process.argv.slice(2))) {
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const start = line.trimEnd();
    const next = (lines[index + 1] ?? '').replace(LINE_START, '');
    for (const [phrase, instead] of PHRASES) {
      // A phrase may continue on the next line. One that is only on the next line is reported with that line.
      const match = phrase.exec(line) ?? (phrase.test(next) ? null : phrase.exec(`${start} ${next}`));
      if (match === null) continue;
      found += 1;
      console.log(`${file}:${index + 1}: "${match[0]}": write ${instead}`);
    }
  }
}
console.log(`${found} phrases to rewrite`);
process.exitCode = found === 0 ? 0 : 1;
