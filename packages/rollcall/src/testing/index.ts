export * from '@rollcall/core/testing';
export { type FakeHandler, type FakeNode, type FakeService, fakeService } from './fake-service.ts';
