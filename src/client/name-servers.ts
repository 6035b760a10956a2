import type { Random } from '../base/clock.js';
import { ClientErrorCode, MQClientError } from './errors.js';

/**
 * Splits `host:port;host:port`. Blank parts vanish; of `http://x/y` only the part after the last `/` counts.
 *
 * Source: client/ClientConfig.java#getNamesrvAddr, remoting/.../NettyRemotingClient.java#updateNameServerAddressList
 */
export function parseNameServerAddresses(text: string): string[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .map((part) =>
      part.startsWith('http://') || part.startsWith('https://') ? part.slice(part.lastIndexOf('/') + 1) : part,
    )
    .filter((part) => part !== '');
}

/**
 * The name servers known to a client and the one it sticks with: random at first, the next one round robin
 * after a failure.
 *
 * Source: remoting/.../NettyRemotingClient.java#getAndCreateNameserverChannel
 */
export class NameServers {
  readonly #random: Random;
  #addresses: readonly string[] = [];
  #chosen = 0;

  constructor(addresses: readonly string[], random: Random) {
    this.#random = random;
    this.update(addresses);
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Replaces the list. The chosen server stays while it is still listed. */
  update(addresses: readonly string[]): void {
    const current = this.#addresses[this.#chosen];
    this.#addresses = [...new Set(addresses)];
    const kept = current === undefined ? -1 : this.#addresses.indexOf(current);
    this.#chosen = kept >= 0 ? kept : Math.floor(this.#random.next() * this.#addresses.length);
  }

  /**
   * The server to ask.
   *
   * @throws MQClientError (10004) when none is known
   */
  current(): string {
    const address = this.#addresses[this.#chosen];
    if (address === undefined) {
      throw new MQClientError('No name server address: set namesrvAddr (host:port;host:port)', {
        responseCode: ClientErrorCode.NO_NAME_SERVER_EXCEPTION,
      });
    }
    return address;
  }

  /** Moves on from `address` if it is still the chosen one. */
  failed(address: string): void {
    if (this.#addresses[this.#chosen] === address) this.#chosen = (this.#chosen + 1) % this.#addresses.length;
  }
}
