import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy in front of Postgres that counts statements and can cut connections without closing them. */
export interface TcpProxy {
  port: number;
  /** Returns the number of statements that clients have sent so far. */
  statements(): number;
  /**
   * Stops all traffic on the connections that are currently open. Neither side is notified, as if a NAT table had been
   * flushed.
   */
  cutSilently(): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let pairs: Pair[] = [];
  const cut: Pair[] = [];
  let statements = 0;
  const proxy = createServer((client) => {
    const server = connect(target.port, target.host);
    const pair = { client, server };
    pairs.push(pair);
    const count = countStatements((found) => (statements += found));
    client.on('data', (chunk: Buffer) => {
      if (cut.includes(pair)) return;
      count(chunk);
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (!cut.includes(pair)) client.write(chunk);
    });
    const end = (other: Socket) => () => {
      pairs = pairs.filter((each) => each !== pair);
      if (!cut.includes(pair)) other.destroy();
    };
    client.on('close', end(server)).on('error', () => undefined);
    server.on('close', end(client)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    statements: () => statements,
    cutSilently: () => void cut.push(...pairs),
    close() {
      for (const { client, server } of [...pairs, ...cut]) {
        client.destroy();
        server.destroy();
      }
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}

/** Counts simple queries (Q) and executions of prepared statements (E) in the data that a client sends. */
function countStatements(onFound: (count: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    let found = 0;
    for (;;) {
      // The first message has no type byte.
      const at = isStarted ? 1 : 0;
      if (rest.length < at + 4) break;
      const length = rest.readUInt32BE(at) + at;
      if (rest.length < length) break;
      const type = isStarted ? String.fromCharCode(rest[0] ?? 0) : '';
      if (type === 'Q' || type === 'E') found += 1;
      isStarted = true;
      rest = rest.subarray(length);
    }
    if (found > 0) onFound(found);
  };
}
