import { isTemplate } from '../expressions/template';
import type { Findings } from './findings';
import type { Segment } from './place';
import { visitTexts } from './secret-references';

/**
 * Warns about templates in fields that are not rendered. `instead` ends the message and says what the author can do.
 */
export function checkUnrendered(value: unknown, path: Segment[], instead: string, findings: Findings): void {
  visitTexts(value, path, (text, at) => {
    if (!isTemplate(text)) return;
    const message = `"{{" is not rendered here and stays unchanged${instead}`;
    findings.warning({ path: [...at], code: 'stray_braces', message });
  });
}
