// Connects to a port every 50 ms, with nothing of Rollcall. It prints a line for each connection that was made.
import { connect } from 'node:net';

const [host = '127.0.0.1', port = '0'] = process.argv.slice(2);
setInterval(() => {
  const socket = connect({ host, port: Number(port), timeout: 1_000 });
  socket.on('error', () => {});
  socket.on('timeout', () => socket.destroy());
  socket.on('connect', () => {
    console.log('connected');
    socket.destroy();
  });
}, 50);
