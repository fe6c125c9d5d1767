import { randomBytes } from 'node:crypto';
import { createCipher } from './cipher';

const [older, newer] = [randomBytes(32), randomBytes(32)];

describe('a sealed value', () => {
  it.each(['', 'x', 'naïve 🔑\n"quoted"', 'a'.repeat(10_000)])('is opened to the original value (%#)', (clear) => {
    const cipher = createCipher([older]);
    expect(cipher.open('NAME', cipher.seal('NAME', clear))).toBe(clear);
  });

  it('is different each time and reveals nothing of the value', () => {
    const cipher = createCipher([older]);
    const [one, two] = [cipher.seal('N', 'secret-value'), cipher.seal('N', 'secret-value')];
    expect(one.ciphertext).not.toBe(two.ciphertext);
    expect(Buffer.from(one.ciphertext, 'base64').toString('latin1')).not.toContain('secret');
  });

  it('can be opened only with its own name, and not after it was changed or cut', () => {
    const cipher = createCipher([older]);
    const sealed = cipher.seal('A', 'value');
    expect(() => cipher.open('B', sealed)).toThrow();
    const bytes = Buffer.from(sealed.ciphertext, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(() => cipher.open('A', { ...sealed, ciphertext: bytes.toString('base64') })).toThrow();
    expect(() => cipher.open('A', { ...sealed, ciphertext: bytes.subarray(0, 4).toString('base64') })).toThrow();
  });

  it('can be opened after a rotation that keeps the old key, and not without that key', () => {
    const sealed = createCipher([older]).seal('A', 'value');
    expect(createCipher([newer, older]).open('A', sealed)).toBe('value');
    expect(createCipher([newer, older]).seal('A', 'value').keyId).not.toBe(sealed.keyId);
    expect(() => createCipher([newer]).open('A', sealed)).toThrow('FERMATA_SECRET_KEY');
  });
});
