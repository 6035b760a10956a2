import test from 'ava';
import { PopInflightCounter } from '../../../src/broker/pop/inflight-counter.js';

test('popped messages count until they are settled, those of pops before the start not at all', (t) => {
  const counter = new PopInflightCounter(1000);
  counter.popped('orders', 'workers', 1, 3);
  counter.settled('orders', 'workers', 1, 1, 1500);
  counter.settled('orders', 'workers', 1, 1, 999);
  t.is(counter.get('orders', 'workers', 1), 2);
  counter.settled('orders', 'workers', 1, 5, 1500);
  t.is(counter.get('orders', 'workers', 1), 0);
});

test('a topic or a group that is gone leaves nothing behind', (t) => {
  const counter = new PopInflightCounter(0);
  for (const topic of ['orders', 'orders2']) {
    for (const group of ['workers', 'coworkers']) counter.popped(topic, group, 0, 1);
  }
  counter.removeTopic('orders');
  counter.removeGroup('workers');
  t.is(counter.get('orders', 'coworkers', 0), 0);
  t.is(counter.get('orders2', 'workers', 0), 0);
  t.is(counter.get('orders2', 'coworkers', 0), 1);
});
