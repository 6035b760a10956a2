import test from 'ava';
import { StoreRates } from '../../src/broker/store-rates.js';

test('rates are zero until there are two samples', (t) => {
  const rates = new StoreRates();
  t.is(rates.text('put'), '0.0 0.0 0.0');
  rates.sample(0, { put: 5 });
  t.is(rates.text('put'), '0.0 0.0 0.0');
});

test('a rate covers its span, or the time there is', (t) => {
  const rates = new StoreRates();
  for (let second = 0; second <= 100; second++)
    rates.sample(second * 1000, { put: second < 90 ? 0 : (second - 89) * 60 });
  t.is(rates.rate('put', 10), 60);
  t.is(rates.rate('put', 60), 11);
  t.is(rates.rate('put', 600), 6.6);
  t.is(rates.text('put'), '60.0 11.0 6.6');
});

test('ten minutes are kept and no more', (t) => {
  const rates = new StoreRates();
  for (let second = 0; second <= 2000; second++)
    rates.sample(second * 1000, { put: second <= 1000 ? 1_000_000 : 1_000_000 + second });
  t.is(rates.rate('put', 600), 1);
});

test('a total that is not sampled has rate zero', (t) => {
  const rates = new StoreRates();
  rates.sample(0, {});
  rates.sample(1000, {});
  t.is(rates.rate('put', 10), 0);
});
