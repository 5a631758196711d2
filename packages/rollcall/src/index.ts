export * from '@rollcall/core';
export * from '@rollcall/discovery';
export * from '@rollcall/memory';
export * from '@rollcall/service';
