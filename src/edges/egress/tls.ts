/** PEM-encoded trust and identity for a TLS connection. */
export interface EgressTls {
  /** Certificate authorities to trust instead of the public authorities. */
  ca?: string;
  /** Client certificate and its key. */
  cert?: string;
  key?: string;
  /** Name that the server's certificate must contain. Default: the host. */
  servername?: string;
}
