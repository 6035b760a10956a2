import test from 'ava';
import {
  buildPullSysFlag,
  isInnerBatch,
  MessageSysFlag,
  resetTransactionValue,
  transactionValue,
} from '../../src/protocol/sys-flag.js';

test('transaction bits are read and replaced without touching the others', (t) => {
  t.is(transactionValue(0x3f), MessageSysFlag.TRANSACTION_ROLLBACK_TYPE);
  t.is(transactionValue(0x33), MessageSysFlag.TRANSACTION_NOT_TYPE);
  t.is(resetTransactionValue(0x305, MessageSysFlag.TRANSACTION_COMMIT_TYPE), 0x309);
  t.is(resetTransactionValue(0x30d, MessageSysFlag.TRANSACTION_NOT_TYPE), 0x301);
});

test('an inner batch has both of its bits', (t) => {
  t.true(isInnerBatch(0xc0));
  t.true(isInnerBatch(0xf1));
  t.false(isInnerBatch(0x80));
  t.false(isInnerBatch(0x40));
});

test('pull flags are put together from their parts', (t) => {
  t.is(buildPullSysFlag({}), 0);
  t.is(buildPullSysFlag({ commitOffset: true }), 1);
  t.is(buildPullSysFlag({ suspend: true }), 2);
  t.is(buildPullSysFlag({ subscription: true }), 4);
  t.is(buildPullSysFlag({ classFilter: true }), 8);
  t.is(buildPullSysFlag({ litePull: true }), 16);
  t.is(buildPullSysFlag({ commitOffset: true, suspend: true, subscription: false, litePull: true }), 19);
});
