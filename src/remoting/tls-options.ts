import { createSecureContext, type SecureContext } from 'node:tls';
import { MQError } from '../base/errors.js';

/**
 * How a server treats TLS; Java's `tls.server.mode`.
 *
 *   disabled    TLS is refused
 *   permissive  TLS and plain text share the port, told apart by the first byte
 *   enforcing   plain text is refused
 */
export type TlsMode = 'disabled' | 'permissive' | 'enforcing';

/** TLS on the server's side. Without a certificate a TLS client is refused: none is made up, unlike in Java. */
export interface TlsServerOptions {
  mode: TlsMode;
  /** Certificate chain, PEM. */
  cert?: string | Buffer;
  /** Private key, PEM. */
  key?: string | Buffer;
  /** Passphrase of the key. */
  passphrase?: string;
  /** Certificates that a client's must chain to, PEM. */
  ca?: string | Buffer;
  /** Whether a client without an acceptable certificate is refused; Java's `tls.server.need.client.auth`. */
  requireClientCertificate?: boolean;
}

/** TLS on the client's side. */
export interface TlsClientOptions {
  /** Certificates to trust instead of the system's, PEM. */
  ca?: string | Buffer;
  /** Own certificate chain, PEM. */
  cert?: string | Buffer;
  /** Own private key, PEM. */
  key?: string | Buffer;
  /** Passphrase of the key. */
  passphrase?: string;
  /** Name that the server's certificate must carry; the host of the address by default. */
  servername?: string;
  /** Trusts any certificate, as Java does by default. Only for tests: anyone in between can read and change. */
  insecure?: boolean;
}

/**
 * The server's key material.
 *
 * @returns null if no certificate is given
 * @throws MQError CONFIG if the material is unusable, or missing in mode enforcing
 */
export function serverSecureContext(options: TlsServerOptions): SecureContext | null {
  if (options.mode === 'disabled') return null;
  if (options.cert === undefined || options.key === undefined) {
    if (options.mode === 'enforcing' || options.cert !== undefined || options.key !== undefined) {
      throw new MQError('CONFIG', 'TLS needs both a certificate and its key');
    }
    return null;
  }
  const { cert, key, passphrase, ca } = options;
  try {
    return createSecureContext({ cert, key, passphrase, ca });
  } catch (error) {
    throw new MQError('CONFIG', `the TLS certificate or key is unusable: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
