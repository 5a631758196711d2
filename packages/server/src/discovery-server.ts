/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** A discovery server: leases, self-protection, HTTP. */
export interface DiscoveryServer extends AsyncDisposable {
  /**
   * Binds and serves; call it once. Rejects with `UNAVAILABLE` when the port is taken or the address does not belong to
   * this machine, and with `INVALID_ARGUMENT` at a second call.
   */
  listen(): Promise<ServerAddress>;
  /**
   * Reads the tokens file and the TLS files again, and reopens the audit log. Watches end if their token is gone or has
   * other rights, or if their client's certificate was judged by other authorities. Rejects with `INVALID_ARGUMENT`
   * when a file has a fault, and goes on with that file's earlier content.
   */
  reload(): Promise<void>;
  /** Stops accepting, ends watches, and lets requests in flight finish. Idempotent. */
  close(): Promise<void>;
}
