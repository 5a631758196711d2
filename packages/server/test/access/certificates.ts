import { generate } from 'selfsigned';

/** PEM texts. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

interface Wanted {
  readonly keyType?: 'ec' | 'rsa';
  readonly from?: Date;
  readonly to?: Date;
  /** DNS names besides `localhost` and 127.0.0.1; with `only`, instead of them. */
  readonly names?: readonly string[];
  readonly only?: boolean;
}

const attributes = (name: string) => [{ name: 'commonName', value: name }];

/** An authority that signs certificates. */
export class Authority {
  readonly #pair: Pair;

  private constructor(pair: Pair) {
    this.#pair = pair;
  }

  static async make(name: string): Promise<Authority> {
    const made = await generate(attributes(name), {
      ...{ keyType: 'ec', algorithm: 'sha256' },
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    return new Authority({ cert: made.cert, key: made.private });
  }

  get cert(): string {
    return this.#pair.cert;
  }

  /** Signs a certificate for this machine or for a client. */
  async sign(name: string, { keyType = 'ec', from, to, names = [], only = false }: Wanted = {}): Promise<Pair> {
    const local = only
      ? []
      : [
          { type: 2 as const, value: 'localhost' },
          { type: 7 as const, ip: '127.0.0.1' },
        ];
    const made = await generate(attributes(name), {
      ...{ keyType, algorithm: 'sha256', ca: this.#pair },
      ...(from === undefined ? {} : { notBeforeDate: from }),
      ...(to === undefined ? {} : { notAfterDate: to }),
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames: [...local, ...names.map((value) => ({ type: 2 as const, value }))] },
      ],
    });
    return { cert: made.cert, key: made.private };
  }
}
