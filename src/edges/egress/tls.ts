/** Trust and identity of a TLS connection, each in PEM. */
export interface EgressTls {
  /** Certificate authorities to trust instead of the public ones. */
  ca?: string;
  /** Client certificate and its key. */
  cert?: string;
  key?: string;
  /** Name that the server's certificate must have; default: the host. */
  servername?: string;
}
