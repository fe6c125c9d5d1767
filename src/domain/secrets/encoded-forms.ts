/** Returns the bytes of `form` in UTF-8, and in UTF-16 (used by Windows and PowerShell) in both byte orders. */
function bytesOf(form: string): Buffer[] {
  const little = Buffer.from(form, 'utf16le');
  return [Buffer.from(form), little, Buffer.from(little).swap16()];
}

/**
 * Returns the base64 of `form`, both alone and as part of longer data, in which it can begin at one of three offsets.
 */
export function base64Forms(form: string): string[] {
  return bytesOf(form).flatMap((bytes) => {
    // For each of the three offsets in a group of three bytes: the characters that do not depend on the surrounding
    // text.
    const inside = [0, 1, 2].flatMap((offset) => {
      const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
      const first = Math.ceil((offset * 8) / 6);
      const last = Math.floor((shifted.length * 8) / 6);
      return [shifted.toString('base64').slice(first, last), shifted.toString('base64url').slice(first, last)];
    });
    return [bytes.toString('base64'), bytes.toString('base64url'), ...inside];
  });
}

/** Returns the bytes of `form` as lower-case hexadecimal. */
export function hexForms(form: string): string[] {
  return bytesOf(form).map((bytes) => bytes.toString('hex'));
}

/**
 * Returns the strings that result from decoding UTF-16 as ASCII, with NUL or its replacement between the characters.
 * Returns an empty list if `form` contains characters beyond ASCII.
 */
export function wideForms(form: string): string[] {
  return /^[\0-\x7f]*$/.test(form) ? ['\0', '\ufffd'].map((gap) => [...form].join(gap)) : [];
}

/**
 * Returns the forms that characters beyond ASCII take when programs use different encodings: UTF-8 decoded as Latin-1
 * or as Windows-1252, Latin-1 decoded as UTF-8, or `?`. Returns an empty list for ASCII.
 */
export function latin1Forms(form: string): string[] {
  if (/^[\0-\x7f]*$/.test(form)) return [];
  const bytes = Buffer.from(form);
  const forms = [
    bytes.toString('latin1'),
    new TextDecoder('windows-1252').decode(bytes),
    form.replace(/[^\0-\x7f]/gu, '?'),
  ];
  if (/^[\0-\xff]*$/.test(form)) forms.push(Buffer.from(form, 'latin1').toString('utf8'));
  return forms;
}
