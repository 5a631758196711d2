import { describeOutages } from '../../../client/test/real/outages.ts';
import { subjects } from './subjects.ts';

for (const subject of subjects)
  describeOutages(`a real ${subject.name}`, async () => {
    const { process, address } = await subject.prepare();
    await process.start();
    return {
      registry: subject.open(address),
      env: { ROLLCALL_REGISTRY: subject.name, ROLLCALL_REGISTRY_ADDRESS: address },
      kill: () => process.kill(),
      start: () => process.start(),
      dispose: () => process.dispose(),
    };
  });
