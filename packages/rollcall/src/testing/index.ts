export * from '@rollcall/core/testing';
