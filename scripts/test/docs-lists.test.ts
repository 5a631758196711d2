import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allPages } from '../house/links.js';
import { type Node, read } from '../house/syntax.js';
import { packageFolders } from '../packages.js';

const root = new URL('../../', import.meta.url);
const published = packageFolders.filter((folder) => folder !== 'packages/backends');
const sources = published
  .flatMap((folder) =>
    readdirSync(new URL(`${folder}/src`, root), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/src/${file}`),
  )
  .map(read);

// A reader finds names in the code spans and code blocks of every page but the history and the design.
const pages = allPages().filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/design/'));
const code = pages
  .flatMap((page) => [...readFileSync(new URL(page, root), 'utf8').matchAll(/^```.*?^```$|`[^`\n]+`/gms)])
  .map(([text]) => text);
const words = new Set(
  code.flatMap((text) => text.match(/--[a-z][a-z-]*|[A-Za-z_][A-Za-z0-9_]*(?:[-:][a-z]+)*/g) ?? []),
);
// The parts of `{ name, version }` and of `rollcall:call` count as words too.
for (const text of code) for (const word of text.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []) words.add(word);

/** Lists the names that no page has in code font. The remedy is a page of docs/ that explains the name. */
const missing = (names: Iterable<string>): readonly string[] =>
  [...new Set(names)].filter((name) => !words.has(name)).sort();

/** The entry points; a name that one of them exports is public. */
const entryPoints = sources.filter(({ path }) => path.endsWith('/index.ts'));
const isPublic = (path: string, name: string): boolean => {
  const folder = path.slice(0, path.indexOf('/src/'));
  return entryPoints.some(
    (entry) => entry.path.startsWith(`${folder}/src/`) && new RegExp(`\\b${name}\\b|\\* from`).test(entry.text),
  );
};

const declarations = sources.flatMap(({ path, program }) =>
  (program.body as readonly Node[]).map((statement) => ({ path, node: (statement.declaration ?? statement) as Node })),
);
const interfaces = declarations.filter(({ node }) => node.type === 'TSInterfaceDeclaration');
const named = interfaces.filter(({ path, node }) => isPublic(path, node.id.name)).map(({ node }) => node);
/** The interfaces that a public interface extends are public too. */
const extended = new Set(
  named.flatMap((node) => (node.extends as readonly Node[]).map(({ expression }) => expression.name)),
);
const offered = interfaces.map(({ node }) => node).filter((node) => named.includes(node) || extended.has(node.id.name));
const interfacesNamed = (pattern: RegExp): readonly Node[] => offered.filter(({ id }) => pattern.test(id.name));
const membersOf = (node: Node): readonly string[] =>
  (node.body.body as readonly Node[]).flatMap(({ key }) => (key?.name === undefined ? [] : [String(key.name)]));
const union = (name: string): readonly string[] => {
  const found = declarations.find(({ node }) => node.type === 'TSTypeAliasDeclaration' && node.id.name === name);
  const texts = sources.find(({ path }) => path === found?.path)?.text.slice(found?.node.start, found?.node.end);
  return [...(texts?.matchAll(/'([^']+)'/g) ?? [])].map(([, text = '']) => text);
};
const matches = (folders: RegExp, pattern: RegExp): readonly string[] =>
  sources
    .filter(({ path }) => folders.test(path))
    .flatMap(({ text }) => [...text.matchAll(pattern)].map(([, name = '']) => name));

/** The interfaces of the options that users pass; each package exports its own. */
const optionInterfaces =
  /^(?:Service|Client|Server|Security|Limit|LoadRegistry|Registry|CommonRegistry|Register|Call|Watch|Close|Select|Zone|Ejection|Guard|Memory|Mdns|Consul|Etcd|Discovery|Tls|History|Harness|Wait|Follow)\w*Options$|^CallPolicy$/;

describe('what the code offers and what the pages name', () => {
  it('the patterns of docs-lists.test.ts find the options, error codes and flags in the code', () => {
    expect(interfacesNamed(optionInterfaces).length).toBeGreaterThan(15);
    expect(union('RegistryErrorCode')).toHaveLength(10);
    expect(matches(/^packages\/cli\//, /(--[a-z][a-z-]+)/g).length).toBeGreaterThan(20);
  });

  it('every option of a public options interface is named by a page', () => {
    expect(missing(interfacesNamed(optionInterfaces).flatMap(membersOf))).toEqual([]);
  });

  it('every flag of the command line and of the service runtime is named by a page', () => {
    expect(missing(matches(/^packages\/(?:cli|service)\/src\/(?!systemd)/, /'(--[a-z][a-z-]+)(?=[ '])/g))).toEqual([]);
  });

  it('every environment variable that published code reads is named by a page', () => {
    const pattern = /\b((?:ROLLCALL|MICRO|CONSUL|ETCDCTL)_[A-Z][A-Z_]*[A-Z])\b/g;
    expect(missing(matches(/./, pattern))).toEqual([]);
  });

  it('every event of a service and of a client, and every type of a watch event, is named by a page', () => {
    const events = interfacesNamed(/^(?:Service|Client)Events$/).flatMap(membersOf);
    expect(events.length).toBeGreaterThan(5);
    expect(missing([...events, ...union('WatchEventName'), ...union('DeleteReason')])).toEqual([]);
    expect(missing(['create', 'update', 'delete', 'synced', 'interrupted'])).toEqual([]);
  });

  it('every diagnostics channel and every event of its messages is named by a page', () => {
    expect(missing(matches(/./, /channel\('(rollcall:[a-z]+)'\)/g))).toEqual([]);
    const messages = interfacesNamed(/^(?:Call|Watch|Lease|Pick|Attempt|Service)Message$/);
    expect(messages).toHaveLength(6);
    expect(missing(messages.flatMap(membersOf))).toEqual([]);
  });

  it('every error code, status of a service and status of a client is named by a page', () => {
    const names = [...union('RegistryErrorCode'), ...union('ServiceStatus')];
    expect(missing(names)).toEqual([]);
    expect(missing(['connecting', 'restored', 'live', 'holding', 'stale'])).toEqual([]);
  });
});
