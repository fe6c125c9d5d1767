import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http';
import { FermataError } from '../../domain/errors';
import { problemDocument, PROBLEM_TYPE } from './problem';

/** Maximum size of URL and headers in bytes. Sufficient for percent-encoded parameters of the maximum length. */
const MAX_HEADER_BYTES = 65_536;

/**
 * Creates an HTTP server for the application. Sets timeouts and a header size limit. Requests that cannot be parsed, or
 * that time out, are answered with problem documents.
 */
export function createHttpServer(app: RequestListener): Server {
  // A slow sender must not occupy a connection forever. Streams are not affected, because their requests have been read
  // completely.
  const timeouts = { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 65_000 };
  const server = createServer({ ...timeouts, maxHeaderSize: MAX_HEADER_BYTES }, app);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // As in Node's own handler: once a response has begun, a second response would be read as part of it.
    const answering = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent ?? false;
    if (error.code === 'ECONNRESET' || !socket.writable || answering) return void socket.destroy();
    const refusal = refusalOf(error);
    const text = JSON.stringify(problemDocument(refusal));
    const head = [
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`,
      'Connection: close',
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(text)}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
  });
  return server;
}

function refusalOf({ code }: NodeJS.ErrnoException): FermataError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new FermataError('headers_too_large', `Address and headers are larger than ${MAX_HEADER_BYTES} bytes.`);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new FermataError('request_timeout', 'The request did not arrive in time.');
  }
  return new FermataError('bad_request', 'The request is not valid HTTP.');
}
