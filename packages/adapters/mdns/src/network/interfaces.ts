import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Interfaces with their addresses, by name. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** The interfaces of this machine, or the reason why the system does not list them: sandboxes and Android forbid it. */
export function askInterfaces(): { readonly interfaces: Interfaces; readonly refusal?: string } {
  try {
    return { interfaces: networkInterfaces() };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return {
      interfaces: {},
      refusal: `the system does not tell which network interfaces there are (${why}): allow this process to ask`,
    };
  }
}
