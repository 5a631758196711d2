// axios and got use the same names. The program closes nothing: a client in the background lets the process end.
import axios from 'axios';
import got from 'got';
import { createClient, loadRegistry } from 'rollcall';
import { rollcallAgents } from 'rollcall/http';

const client = createClient(loadRegistry());
const whole = axios.create({ baseURL: 'http://users', adapter: 'fetch', env: { fetch: client.fetch } });
const agents = rollcallAgents(client);
const plain = axios.create({ baseURL: 'http://users', httpAgent: agents.http, httpsAgent: agents.https });
const answers = [
  (await whole.get('/42')).data,
  (await plain.get('/42')).data,
  await got('http://users/42', { agent: agents }).json(),
];
console.log(JSON.stringify(answers.map(({ name }) => name)));
