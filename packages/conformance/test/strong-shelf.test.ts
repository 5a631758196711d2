import { describeShelf } from './shelf/describe-shelf.ts';

describeShelf('a durable backend that can do everything', {});
