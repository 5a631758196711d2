import { describe, expect, it } from 'vitest';
import { EventStreamParser, type StreamEvent } from '../src/http/event-stream.ts';

const parse = (bytes: Buffer, chunkBytes: number): StreamEvent[] => {
  const parser = new EventStreamParser();
  const events: StreamEvent[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    events.push(...parser.push(bytes.subarray(at, at + chunkBytes)));
  return events;
};

describe('an event stream', () => {
  const text =
    'id: e:1\nevent: put\ndata: {"a":"ü"}\n\n: heartbeat\n\nevent: remove\ndata: 1\ndata: 2\n\n\n\nevent: cut\ndata: 3\n';

  it('an event stream says the same however it is cut into chunks', () => {
    const bytes = Buffer.from(text);
    for (let chunkBytes = 1; chunkBytes <= bytes.length; chunkBytes += 1)
      expect(parse(bytes, chunkBytes)).toEqual([
        { event: 'put', data: '{"a":"ü"}', id: 'e:1' },
        { event: 'remove', data: '1\n2', id: undefined },
      ]);
  });

  it('reading an event of 40 MB in chunks of 64 KB takes time that grows with its length, not with its square', () => {
    const megabytes = (count: number) => Buffer.from(`event: snapshot\ndata: "${'x'.repeat(count * 1_000_000)}"\n\n`);
    // This measures processor time, since other programs use this machine as well.
    const time = (bytes: Buffer): number => {
      const before = process.cpuUsage();
      expect(parse(bytes, 65_536)).toMatchObject([{ event: 'snapshot' }]);
      return process.cpuUsage(before).user / 1_000;
    };
    const [small, large] = [megabytes(5), megabytes(40)];
    time(small);
    const least = (bytes: Buffer): number => Math.min(...Array.from({ length: 4 }, () => time(bytes)));
    const [short, long] = [least(small), least(large)];
    console.log(`5 MB in ${short.toFixed()} ms, 40 MB in ${long.toFixed()} ms`);
    // Eight times the length should take eight times as long; quadratic time would take 64 times as long.
    expect(long).toBeLessThan(24 * Math.max(short, 10));
  });
});
