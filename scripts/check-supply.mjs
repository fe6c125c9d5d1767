// Checks that what is installed or started is what was reviewed: every entry of the lock file has an integrity hash,
// and every image is pinned to a version and a digest.
// usage: node scripts/check-supply.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Returns the packages of a parsed lock file that npm would install without checking their content. */
export function unverifiedPackages(lock) {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && entry.link !== true && entry.inBundle !== true)
    .filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))
    .map(([path]) => path);
}

/**
 * Returns the images in a compose file or Dockerfile that are not pinned to a version and digest. Images that the file
 * itself builds are left out.
 */
export function unpinnedImages(text) {
  const own = new Set(/^ *build:/m.test(text) ? ['fermata'] : []);
  for (const [, name] of text.matchAll(/^FROM .* AS (\S+)$/gim)) own.add(name);
  const used = [...text.matchAll(/^ *(?:image:|FROM) +(?:--platform=\S+ +)?["']?([^\s"']+)/gim)].map(
    ([, image]) => image,
  );
  return used.filter((image) => !own.has(image) && !/:(?!latest@)[\w.-]+@sha256:[0-9a-f]{64}$/.test(image));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const read = (...path) => readFileSync(join(root, ...path), 'utf8');
  const findings = unverifiedPackages(JSON.parse(read('package-lock.json'))).map(
    (path) => `package-lock.json: ${path} has no integrity; run "npm view NAME@VERSION dist.integrity" and add it`,
  );
  for (const file of readdirSync(join(root, 'deploy'), { recursive: true }).map(String)) {
    if (!/(?:^|\/)(?:Dockerfile[^/]*|[^/]*compose[^/]*\.ya?ml)$/.test(file)) continue;
    for (const image of unpinnedImages(read('deploy', file))) {
      findings.push(`deploy/${file}: ${image} is not pinned to a version and digest (name:1.2.3@sha256:…)`);
    }
  }
  findings.forEach((finding) => console.error(finding));
  process.exitCode = findings.length > 0 ? 1 : 0;
}
