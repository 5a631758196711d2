// A twentieth of the users get version 2, and each user keeps the same version.
import { createClient, loadRegistry } from 'rollcall';

const client = createClient(loadRegistry(), { services: { users: { split: { 2: 0.05 } } } });
/** @param {string} id */
const user = (id) => client.fetch(`http://users/${id}`, { rollcall: { key: id } });
const twice = await Promise.all([user('42'), user('42')]);
/** @type {{ version: string }[]} */
const users = await Promise.all(
  twice.map(async (response) => /** @type {{ version: string }} */ (await response.json())),
);
const versions = users.map(({ version }) => version);
console.log(new Set(versions).size === 1 ? 'the same side' : 'two sides');
