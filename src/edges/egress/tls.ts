/** Trust and identity of a TLS connection, each in PEM. */
export interface EgressTls {
  /** Authorities to trust instead of the public ones. */
  ca?: string;
  /** Certificate of the client and its key. */
  cert?: string;
  key?: string;
  /** Name that the certificate of the server must have; default: the host. */
  servername?: string;
}
