import { startVendorServer, type VendorAnswer, type VendorRequest } from '../vendor-server';

/** Starts a server for Webex with people, rooms and messages. Its first responses are `failures`, in order. */
export async function startWebexServer(botToken: string) {
  const failures: VendorAnswer[] = [];
  const answerWebex = ({ method, path, headers, body }: VendorRequest): VendorAnswer => {
    if (headers['authorization'] !== `Bearer ${botToken}`)
      return {
        status: 401,
        body: {
          message: 'The request requires a valid access token set in the Authorization request header.',
          trackingId: 'x',
        },
      };
    const failure = failures.shift();
    if (failure) return failure;
    const { markdown = '' } = (method === 'POST' ? JSON.parse(body) : {}) as { markdown?: string };
    // https://developer.webex.com/docs/api/v1/messages/create-a-message
    if (Buffer.byteLength(markdown) > 7_439) {
      return { status: 400, body: { message: 'Message length limited to 7439 bytes', trackingId: 'x' } };
    }
    if (path === '/v1/people/me') return { status: 200, body: { id: 'b', displayName: 'Fermata bot' } };
    if (path.startsWith('/v1/rooms?')) return { status: 200, body: { items: [{ id: 'R1', title: 'War room' }] } };
    if (method === 'POST' && path === '/v1/messages')
      return { status: 200, body: { id: 'M1', roomId: (JSON.parse(body) as { roomId?: string }).roomId ?? 'direct' } };
    return { status: 404, body: { message: 'The requested resource could not be found.' } };
  };
  return { ...(await startVendorServer(answerWebex)), failures };
}
