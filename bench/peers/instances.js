/** All peers get the same load: services of 100 instances, each about 300 bytes of JSON. */
export const perService = 100;

/** @param {number} index */
export const serviceOf = (index) => `service-${Math.floor(index / perService)}`;
/** @param {number} index */
export const idOf = (index) => `node-${index}`;

/** @param {number} index @param {number} ttlMs @param {string} mark A new mark changes the content. */
export const recordOf = (index, ttlMs, mark = 'none') => ({
  env: 'bench',
  appid: serviceOf(index),
  hostname: idOf(index),
  addrs: [`10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:8080`],
  version: '1.4.2',
  zone: `zone-${index % 3}`,
  metadata: { server: 'http', protocol: 'http', commit: `c${index * 7919}`, mark },
  ttlMs,
  renewIntervalMs: Math.floor(ttlMs / 3),
});
