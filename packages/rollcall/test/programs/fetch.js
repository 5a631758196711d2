// Five lines call a service by its name.
import { createClient, loadRegistry } from 'rollcall';

const client = createClient(loadRegistry());
/** @type {unknown} */
const user = await (await client.fetch('http://users/42')).json();
console.log(JSON.stringify(user));
await client.close();
