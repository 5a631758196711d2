import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RegistryError } from '@rollcall/core';
import {
  aborted,
  Failover,
  onAbort,
  parseEndpoints,
  parseHeaderToken,
  parseTime,
  pause,
  systemClock,
  untilAborted,
  withDeadline,
  withFirstOf,
} from '@rollcall/core/adapter';
import { manualClock } from '@rollcall/core/testing';
import { describe, expect, it, vi } from 'vitest';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

describe('signals', () => {
  it('a deadline fires although the heap is collected again and again', async () => {
    const outer = new AbortController();
    const reason = new Error('over');
    const deadline = { clock: systemClock, ms: 60, signal: outer.signal, reason };
    const works = Array.from({ length: 50 }, () =>
      withDeadline(deadline, (signal) => untilAborted(signal, new Promise(() => {}))),
    );
    const settled = Promise.allSettled(works);
    const collecting = setInterval(collect, 5);
    const results = await settled;
    clearInterval(collecting);
    expect(results.filter((result) => result.status === 'rejected' && result.reason === reason)).toHaveLength(50);
  });

  it('a deadline leaves no timer and no listener behind, also when its work throws at once', async () => {
    const clock = manualClock();
    const setTimer = vi.spyOn(clock, 'setTimer');
    const outer = new AbortController();
    const remove = vi.spyOn(outer.signal, 'removeEventListener');
    const options = { clock, ms: 10, signal: outer.signal, reason: new Error('over') };
    await expect(
      withDeadline(options, () => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    expect(await withDeadline(options, async () => 'done')).toBe('done');
    expect(setTimer).toHaveBeenCalledTimes(2);
    expect(remove).toHaveBeenCalledTimes(2);
  });

  it('untilAborted rejects with the reason, and swallows a later result of its work', async () => {
    const controller = new AbortController();
    let fail = (_: Error): void => {};
    const work = untilAborted(
      controller.signal,
      new Promise((_, reject) => {
        fail = reject;
      }),
    );
    controller.abort(new Error('enough'));
    fail(new Error('too late'));
    await expect(work).rejects.toThrow('enough');
    expect(await untilAborted(new AbortController().signal, Promise.resolve(7))).toBe(7);
  });

  it('a pause resolves at its time and rejects with the reason of an abort', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const first = pause(clock, 10, controller.signal);
    await clock.advance(10);
    await first;
    const second = pause(clock, 10, controller.signal);
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    await expect(pause(clock, 10, controller.signal)).rejects.toThrow('enough');
  });

  it('the first of several signals ends the work, and afterwards no listener is left on any of them', async () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const waiting = withFirstOf([a.signal, b.signal], aborted);
    b.abort();
    await waiting;
    const remove = vi.spyOn(a.signal, 'removeEventListener');
    await withFirstOf([a.signal], async () => {});
    expect(remove).toHaveBeenCalledTimes(1);
  });

  it('Node does not warn of a leak for twenty listeners on one signal', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { signal } = new AbortController();
    for (let count = 0; count < 20; count += 1) onAbort(signal, () => {});
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe('Failover', () => {
  const never = <T>(signal: AbortSignal): Promise<T> => untilAborted(signal, new Promise<T>(() => {}));
  const setUp = () => {
    const clock = manualClock();
    const isUnreachable = (cause: unknown): boolean => RegistryError.is(cause, 'UNAVAILABLE', 'TIMEOUT');
    const failover = new Failover({ targets: ['a', 'b', 'c'], clock, isUnreachable });
    return { clock, failover, signal: new AbortController().signal };
  };

  it('a failover moves on after a second of silence, stays at the new target, and asks the silent one last for a while', async () => {
    const { clock, failover, signal } = setUp();
    const asked: string[] = [];
    const work = (target: string, inner: AbortSignal): Promise<string> => {
      asked.push(target);
      return target === 'a' ? never(inner) : Promise.resolve(target);
    };
    const first = failover.run(signal, work);
    await clock.advance(999);
    expect(asked).toEqual(['a']);
    await clock.advance(1);
    expect(await first).toBe('b');
    expect(await failover.run(signal, work)).toBe('b');
    expect(failover.order()).toEqual(['b', 'c', 'a']);
    await clock.advance(10_000);
    expect(failover.order()).toEqual(['b', 'c', 'a']);
    failover.failed('b');
    expect(failover.order()).toEqual(['c', 'a', 'b']);
  });

  it('a failover waits up to 4 s while every target asks for a pause, and no longer once one has served', async () => {
    const { clock, failover, signal } = setUp();
    const waits = async (): Promise<number> => {
      const from = clock.now();
      let done = false;
      const waiting = failover.untilWelcome(signal).then(() => {
        done = true;
      });
      while (!done) {
        await clock.advance(0);
        if (!done) await clock.advance(500);
      }
      await waiting;
      return clock.now() - from;
    };
    failover.unwelcome('a', 3_600_000);
    expect(await waits()).toBe(0);
    failover.unwelcome('b', 3_600_000);
    failover.unwelcome('c', 1_000);
    expect(await waits()).toBe(1_000);
    failover.unwelcome('c', 3_600_000);
    expect(await waits()).toBe(4_000);
    failover.served('b');
    expect(await waits()).toBe(0);
  });

  it('a failover gives the last target of a round all the time that the call has left', async () => {
    const { clock, failover, signal } = setUp();
    const slow = failover.run(signal, (target, inner) =>
      target === 'c'
        ? pause(clock, 3_000, inner).then(() => target)
        : Promise.reject(new RegistryError('UNAVAILABLE', 'down')),
    );
    await clock.advance(3_000);
    expect(await slow).toBe('c');
  });

  it("a failover gives the call's remaining time to the first slow target when the last target refuses at once", async () => {
    const { clock, failover, signal } = setUp();
    const asked: string[] = [];
    const slow = failover.run(signal, (target, inner) => {
      asked.push(target);
      return target === 'c'
        ? Promise.reject(new RegistryError('UNAVAILABLE', 'down'))
        : pause(clock, 1_500, inner).then(() => target);
    });
    for (let passed = 0; passed < 4_000; passed += 500) await clock.advance(500);
    expect(await slow).toBe('a');
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
    expect(failover.current).toBe('a');
  });

  it('a failover rejects at once with an error that no other target can mend, and with the last failure when all are away', async () => {
    const { failover, signal } = setUp();
    const refuse = vi.fn(() => Promise.reject(new RegistryError('UNAUTHORIZED', 'no')));
    await expect(failover.run(signal, refuse)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(refuse).toHaveBeenCalledTimes(1);
    const away = (target: string) => Promise.reject(new RegistryError('UNAVAILABLE', `${target} is away`));
    await expect(failover.run(signal, away)).rejects.toThrow('c is away');
  });

  it('a failover ends at the signal of its caller, although targets are left to ask', async () => {
    const { failover } = setUp();
    const controller = new AbortController();
    const running = failover.run(controller.signal, (_, inner) => never(inner));
    controller.abort(new RegistryError('ABORTED', 'enough'));
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('readers', () => {
  const rules = { registry: 'x', defaults: ['127.0.0.1:2379'], defaultPort: 2_379 };

  it.each([
    ['h', 'http://h:2379'],
    ['h:80', 'http://h:80'],
    ['http://h', 'http://h:80'],
    ['http://h:80', 'http://h:80'],
    ['https://h:443', 'https://h:443'],
    ['https://h/', 'https://h:443'],
    ['HTTPS://h:8443', 'https://h:8443'],
    ['[::1]:5', 'http://[::1]:5'],
    ['http://10.9.0.7', 'http://10.9.0.7:80'],
    [' h:1 ', 'http://h:1'],
    ['h.:1', 'http://h.:1'],
    ['bücher.example:1', 'http://xn--bcher-kva.example:1'],
    ['127.0.0.1:1', 'http://127.0.0.1:1'],
  ])('parseEndpoints reads the address %s', (address, origin) => {
    expect(parseEndpoints([address], rules)[0]?.origin).toBe(origin);
  });

  it("a URL without a port gets the backend's default port where the backend wants that", () => {
    expect(parseEndpoints(['https://h'], { ...rules, urlPort: 'default' })[0]?.origin).toBe('https://h:2379');
    expect(parseEndpoints(['https://h:443'], { ...rules, urlPort: 'default' })[0]?.origin).toBe('https://h:443');
  });

  it('lists of endpoints drop duplicates and empty items, and fall back to the defaults', () => {
    expect(parseEndpoints(['h:1', '', 'http://h:1', ' '], rules)).toHaveLength(1);
    expect(parseEndpoints([''], rules)[0]?.address).toBe('127.0.0.1:2379');
    expect(parseEndpoints(undefined, rules)[0]).toMatchObject({ host: '127.0.0.1', port: 2379, secure: false });
  });

  it('an endpoint keeps its base path where the backend allows one', () => {
    expect(parseEndpoints(['https://h/base/'], { ...rules, paths: true })[0]).toMatchObject({
      path: '/base',
      port: 443,
    });
    expect(() => parseEndpoints(['https://h/base'], rules)).toThrow(/must be host:port/);
  });

  it.each([
    ['http:/h:1'],
    ['http//h:1'],
    ['unix:/h'],
    ['http:\\\\h'],
    ['h\\h'],
    ['a,b:1'],
    ['*:1'],
    ['-h:1'],
    ['a\n:1'],
    ['10.0.5:1'],
    ['http://0x7f.1'],
  ])('the address %j is refused, since a URL reads it as another host', (address) => {
    expect(() => parseEndpoints([address], { ...rules, paths: true })).toThrow(/must be host:port/);
  });

  it.each([['h:0'], ['h:70000'], ['a b'], ['http://'], ['ftp://h:1'], ['h?x'], [7], ['http://u:secret@h:1']])(
    'the address %s is refused by a message without its password',
    (address) => {
      expect(() => parseEndpoints([address], rules)).toThrow(RegistryError);
      expect(() => parseEndpoints([address], rules)).not.toThrow(/secret/);
    },
  );

  it('the kit reads times and tokens from text', () => {
    expect(['500ms', '1.5s', '2m', '1h'].map((text) => parseTime(text))).toEqual([500, 1_500, 120_000, 3_600_000]);
    expect([parseTime('5'), parseTime('5', 's'), parseTime('0s'), parseTime('soon')]).toEqual([
      undefined,
      5_000,
      undefined,
      undefined,
    ]);
    expect(parseHeaderToken('t0ken\n', 'x')).toBe('t0ken');
    expect(() => parseHeaderToken('a\nb', 'x')).toThrow(/printable/);
  });
});
