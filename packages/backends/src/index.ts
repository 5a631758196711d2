export { Avahi } from './avahi.ts';
export { type BackendCommand, BackendProcess, faultsOf } from './backend-process.ts';
export { findBinary } from './bring.ts';
export { type ConsulAgent, consulAgent } from './consul.ts';
export { type EtcdCluster, type EtcdOptions, etcdCluster, etcdNode } from './etcd.ts';
export { canMakeLan, type HostName, Lan } from './lan.ts';
export { inFull, tenthOf } from './long.ts';
export { freePorts } from './ports.ts';
export { TcpProxy } from './tcp-proxy.ts';
