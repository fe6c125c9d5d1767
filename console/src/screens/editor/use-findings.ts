import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { mergedFindings, onlyRemote, placed, validate, type PlacedFinding } from './findings';
import { validatorQuery } from './knowledge';

/** Delay after the last key before the page validates, and before it calls the service, in milliseconds. */
const LOCAL_MS = 100;
const REMOTE_MS = 400;
/** Longest text that the page validates itself: larger ones would make typing slow. */
const MAX_LOCAL = 100_000;

/**
 * Returns the findings of a text: those of the page at once, then those of the service, which knows rules that the page
 * does not. The page's own stay when the service cannot be reached.
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
