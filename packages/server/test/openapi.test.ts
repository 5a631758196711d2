import { validate } from '@readme/openapi-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Document, OpenAPIClientAxios } from 'openapi-client-axios';
import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../src/openapi/operations.ts';
import { instance, type Running, running } from './http.ts';

let server: Running | undefined;
afterEach(async () => server?.server.close());

interface Described {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly operationId?: string;
            readonly security: readonly object[];
            readonly responses: Readonly<
              Record<string, { readonly content: Readonly<Record<string, { schema: object }>> }>
            >;
          }
        >
      >
    >
  >;
}

async function described(): Promise<{ started: Running; document: Described }> {
  const started = await running();
  server = started;
  const response = await fetch(`${started.url}/api/openapi.json`);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return { started, document: (await response.json()) as Described };
}

/** A client that is generated from the description alone, with one function for each operation. */
async function generated(started: Running, document: Described) {
  const definition = structuredClone(document) as unknown as Document;
  const api = new OpenAPIClientAxios({ definition, withServer: { url: started.url } });
  return api.init();
}

describe('GET /api/openapi.json', () => {
  it('the description of the API is valid OpenAPI 3.1', async () => {
    const { document } = await described();
    expect(document.openapi).toBe('3.1.0');
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
  });

  it('the description of the API names every route of the server, whether it needs a token, and no other route', async () => {
    const { document } = await described();
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        route: `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
        operationId,
      })),
    );
    for (const { route, operationId } of routes)
      expect(operationId, `${route} has no entry in operations.ts`).toBeDefined();
    expect(routes.map(({ route }) => route).sort()).toEqual(Object.keys(operations).sort());
    const open = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ operationId, security }) => (security.length === 0 ? [operationId] : [])),
    );
    expect(open.sort()).toEqual(['healthz', 'openapi', 'readyz']);
    const ids = routes.map(({ operationId }) => operationId);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('a client generated from the description of the API registers, renews, reads and cancels', async () => {
    const { started, document } = await described();
    const client = await generated(started, document);
    const ask = async (operation: string, parameters: object | null, body?: object) => {
      // Without a body, axios would set the content type of a form, and the server would take the caller for a page of
      // another site.
      const headers = body === undefined ? { 'content-type': false } : {};
      const answer = await client[operation]!(parameters as never, body, { validateStatus: () => true, headers });
      return { status: answer.status, body: answer.data as { data: Record<string, unknown>; message: string } };
    };
    const registered = await ask('register', null, { instances: [instance()] });
    expect(registered.status).toBe(200);
    const [handle] = registered.body.data.handles as number[];
    expect((await ask('renewLease', { handle: `${handle}` })).status).toBe(200);
    expect((await ask('renewLeases', null, [handle, [handle, 5_000, 1_000]])).body.data).toEqual({
      statuses: [200, 200],
    });
    const read = await ask('fetch', { env: 'e', appid: 'web' });
    expect(read.body.data.instances).toMatchObject([{ hostname: 'a', addrs: ['10.0.0.1:80'], ttlMs: 5_000 }]);
    expect((await ask('services', { env: 'e' })).body.data).toEqual({ services: [{ appid: 'web', versions: [''] }] });
    expect((await ask('cancel', null, { handles: [handle] })).body.data).toEqual({ cancelled: 1 });
    expect((await ask('fetch', { env: '', appid: 'web' })).body.message).toMatch(/^querystring\/env must be 1-63 of/);
  });

  it('the description of the API describes the answers as they are', async () => {
    const { started, document } = await described();
    const ajv = new Ajv2020({ strict: false });
    const endpoints = [{ name: 'greet', request: { name: 'r', type: 't', values: [{ name: 'v', type: 'string' }] } }];
    const filled = instance({ version: '1', metadata: { a: 'b' }, serviceMetadata: { c: 'd' }, endpoints });
    const { data } = await started.register(filled, instance({ hostname: 'out', status: 2 }));
    const asked: readonly (readonly [method: string, path: string, url: string, body?: unknown])[] = [
      ['post', '/api/register', '/api/register', { instances: [filled] }],
      ['put', '/api/leases/{handle}', `/api/leases/${data.handles[1]}`],
      ['put', '/api/leases', '/api/leases', data.handles],
      ['post', '/api/renew', '/api/renew', { keys: [{ env: 'e', appid: 'web', hostname: 'a' }] }],
      ['get', '/api/fetch', '/api/fetch?env=e&appid=web'],
      ['get', '/api/fetch/all', '/api/fetch/all?env=e'],
      ['get', '/api/services', '/api/services?env=e'],
      ['post', '/api/set', '/api/set', { instances: [{ env: 'e', appid: 'web', hostname: 'a', status: 2 }] }],
      ['get', '/api/poll', '/api/poll?env=e&appid=web&appid=db'],
      ['get', '/api/changes', '/api/changes'],
      ['get', '/api/status', '/api/status'],
      ['post', '/api/protection/end', '/api/protection/end', { env: 'e' }],
      ['post', '/api/cancel', '/api/cancel', { handles: data.handles }],
    ];
    const schemaOf = (path: string, method: string, status: string) =>
      document.paths[path]![method]!.responses[status]!.content['application/json']!.schema;
    for (const [method, path, url, body] of asked) {
      const { status, ...answer } = await started.ask(method.toUpperCase(), url, body);
      expect(status, path).toBe(200);
      expect(ajv.validate(schemaOf(path, method, '200'), answer), `${path}: ${ajv.errorsText()}`).toBe(true);
      // Each schema says what its data holds, so it rejects other data.
      expect(ajv.validate(schemaOf(path, method, '200'), { ...answer, data: { x: 1 } }), path).toBe(false);
    }
    const covered = new Set(asked.map(([, path]) => path));
    const enveloped = Object.entries(operations).filter(([, { data: schema }]) => schema !== undefined);
    for (const [route] of enveloped) expect(covered).toContain(route.split(' ')[1]!.replaceAll(/:(\w+)/g, '{$1}'));
    const { status, ...refused } = await started.ask('GET', '/api/fetch?env=e');
    expect(status).toBe(400);
    expect(ajv.validate(schemaOf('/api/fetch', 'get', 'default'), refused), ajv.errorsText()).toBe(true);
  });

  it('the description of the API refuses exactly the bodies that the server refuses', async () => {
    const { started, document } = await described();
    const ajv = new Ajv2020({ strict: false });
    const bodies: readonly (readonly [method: string, path: string, body: unknown])[] = [
      ['post', '/api/register', { instances: [instance()] }],
      ['post', '/api/register', { instances: [] }],
      ['post', '/api/register', { instances: [instance({ appid: 'Bad Name' })] }],
      ['post', '/api/register', { instances: [instance({ ttlMs: -1 })] }],
      ['put', '/api/leases', [1, [2, 3_000, 1_000]]],
      ['put', '/api/leases', [[2, 3_000]]],
      [
        'put',
        '/api/leases',
        [
          [2, 'x'.repeat(22)],
          [2, 3_000, 1_000, 'x'.repeat(22)],
        ],
      ],
      ['put', '/api/leases', [[2, 3_000, 1_000, 4_000]]],
      ['put', '/api/leases', [[2, 3_000, 1_000, 4]]],
      ['put', '/api/leases', ['1']],
      ['post', '/api/cancel', {}],
      ['post', '/api/renew', { keys: [{ env: 'e', appid: 'web' }] }],
    ];
    for (const [method, path, body] of bodies) {
      const { status } = await started.ask(method.toUpperCase(), path, body);
      const operation = document.paths[path]![method] as unknown as {
        requestBody: { content: { 'application/json': { schema: object } } };
      };
      const holds = ajv.validate(operation.requestBody.content['application/json'].schema, body);
      expect(holds, `${path} ${JSON.stringify(body)}: ${status}`).toBe(status === 200);
    }
  });
});
