/** Why an address cannot be bound, and what to do. */
export function explainBind(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE')
    return `port ${port} of ${host} is taken: is a server running already? Choose another with --port`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: give one with --host`;
  if (code === 'EACCES') return `no permission to bind port ${port}: choose one above 1023`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return `cannot listen on ${host}:${port}: ${why}; choose another with --host and --port`;
}
