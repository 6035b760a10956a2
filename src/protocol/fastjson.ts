/**
 * The one module through which all JSON passes. Apache's peers write it with fastjson 1.2, whose plain output is
 * not standard JSON: maps with numeric keys have bare numbers as names, maps with object keys have whole objects
 * as names, and an instance met twice is written as `{"$ref":"$.path"}` the second time.
 */
export { MAX_JSON_DEPTH } from './fastjson/depth.js';
export { JavaDouble, javaDoubleText, NumberText } from './fastjson/numbers.js';
export { parseFastjson, parseFastjsonNumbersAsText } from './fastjson/reader.js';
export { quoteFastjson, type StringifyOptions, stringifyFastjson } from './fastjson/writer.js';
