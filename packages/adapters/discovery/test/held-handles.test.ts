import { expect, it } from 'vitest';
import { HeldHandles } from '../src/servers/held-handles.ts';

const held = (handle: number) => ({ handle, secret: undefined });
const epoch = 5 * 2 ** 32;

it('a node counts as unanswered from its register until that register, or a later one, is answered', () => {
  const handles = new HeldHandles();
  const lost = handles.sent(['a', 'b']);
  handles.answered('b', lost, held(epoch + 1));
  expect([handles.isUnanswered('a'), handles.isUnanswered('b'), handles.isUnanswered('c')]).toEqual([
    true,
    false,
    false,
  ]);
  const later = handles.sent(['a']);
  handles.answered('a', later, held(epoch + 3));
  expect([handles.isUnanswered('a'), handles.find('a')]).toEqual([false, held(epoch + 3)]);
});

it('the adapter holds the handle that the server gave last, whichever of two crossing answers arrives last', () => {
  const handles = new HeldHandles();
  const [first, second] = [handles.sent(['a']), handles.sent(['a'])];
  handles.answered('a', second, held(epoch + 1));
  handles.answered('a', first, held(epoch + 2));
  expect(handles.find('a')).toEqual(held(epoch + 2));
  const third = handles.sent(['a']);
  handles.answered('a', third, held(7 * 2 ** 32 + 1));
  expect(handles.find('a')).toEqual(held(7 * 2 ** 32 + 1));
});

it('a refused register leaves a node answered or unanswered, as it was before', () => {
  const handles = new HeldHandles();
  handles.refused(['a'], handles.sent(['a']));
  expect(handles.isUnanswered('a')).toBe(false);
  handles.sent(['a']);
  handles.refused(['a'], handles.sent(['a']));
  expect(handles.isUnanswered('a')).toBe(true);
});
