/**
 * JSON bodies as tables: the TypeScript type, the encoder, the decoder and the validation of a Java class all
 * derive from one `bean(...)`.
 *
 * Reading takes what fastjson takes: missing fields get the default of the Java class, `null` counts as missing,
 * numbers may be quoted, enums may be ordinals, names may differ in case and in `_` `-` `is`. What does not fit
 * raises RemotingCommandError with the path of the value. Writing gives fastjson's plain form.
 *
 * Source: fastjson 1.2.83 as used by remoting/.../protocol/RemotingSerializable.java
 */
export { bean, emptyBean } from './schema/bean.js';
export { type BodyCodec, bodyCodec, parseJson } from './schema/body-codec.js';
export { distinct, entriesOf, listOf, numberMapOf, recordOf, setOf } from './schema/collection.js';
export {
  type BeanFields,
  type BeanOf,
  defaulted,
  type JsonOf,
  type JsonType,
  mapped,
  misfit,
  named,
  optional,
  type ReadContext,
  readJson,
} from './schema/json-type.js';
export { boolean, double, enumOf, int32, int64, jsonText, longBits, text } from './schema/scalar.js';
