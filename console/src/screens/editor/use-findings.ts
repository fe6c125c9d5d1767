import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { mergedFindings, onlyRemote, placed, validate, type PlacedFinding } from './findings';
import { validatorQuery } from './knowledge';

/** Delays in milliseconds between the last keystroke and validation: first in the page, then by the service. */
const LOCAL_MS = 100;
const REMOTE_MS = 400;
/**
 * Maximum length, in characters, of text that the page validates. Longer text is validated only by the service, because
 * validating it in the page would slow down typing.
 */
const MAX_LOCAL = 100_000;

/**
 * Returns the findings for `text`: first those of the local validator, then those of the service, which checks more
 * rules. If the service cannot be reached, the local findings remain.
 */
export function useFindings(text: string): readonly PlacedFinding[] {
  const [findings, setFindings] = useState<readonly PlacedFinding[]>([]);
  const { data: local } = useQuery(validatorQuery);
  const remoteOnly = useRef<readonly PlacedFinding[]>([]);
  useEffect(() => {
    let current = true;
    let own: readonly PlacedFinding[] = [];
    const first = window.setTimeout(() => {
      if (local === undefined || text.length > MAX_LOCAL) return;
      own = placed(local.validate(text));
      setFindings(mergedFindings(own, remoteOnly.current));
    }, LOCAL_MS);
    const second = window.setTimeout(() => {
      validate(text).then(
        (found) => {
          if (!current) return;
          remoteOnly.current = onlyRemote(found, own);
          setFindings(found);
        },
        () => undefined,
      );
    }, REMOTE_MS);
    return () => {
      current = false;
      window.clearTimeout(first);
      window.clearTimeout(second);
    };
  }, [text, local]);
  return findings;
}
