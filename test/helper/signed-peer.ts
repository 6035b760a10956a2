/** Requests with a signature, to servers that ask for one. */
import { signRequest } from '../../src/protocol/acl-signature.js';
import type { ExtFields } from '../../src/protocol/header-schema.js';
import { createRequest, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import type { TestPeer } from './broker.js';

export class SignedPeer {
  readonly peer: TestPeer;
  readonly accessKey: string;
  readonly secretKey: string;

  constructor(peer: TestPeer, accessKey: string, secretKey: string) {
    this.peer = peer;
    this.accessKey = accessKey;
    this.secretKey = secretKey;
  }

  sign(request: RemotingCommand): RemotingCommand {
    return { ...request, extFields: signRequest(request.extFields, request.body, this) };
  }

  invoke(request: RemotingCommand): Promise<RemotingCommand> {
    return this.peer.invoke(this.sign(request));
  }

  call(code: number, extFields: ExtFields | null = null, body: Buffer | null = null): Promise<RemotingCommand> {
    return this.invoke(createRequest(code, extFields, body));
  }

  /** @returns code and remark: what a refusal is told by */
  async ask(code: number, extFields: ExtFields | null = null, body: Buffer | null = null): Promise<string> {
    const response = await this.call(code, extFields, body);
    return response.remark === null ? `${response.code}` : `${response.code} ${response.remark}`;
  }
}
