import { permText, type TopicConfig } from '../../protocol/topic-config.js';
import { javaMap } from './java-text.js';

/** Source: common/TopicConfig.java#toString */
export function topicConfigText(config: TopicConfig): string {
  return (
    `TopicConfig [topicName=${config.topicName}, readQueueNums=${config.readQueueNums}, ` +
    `writeQueueNums=${config.writeQueueNums}, perm=${permText(config.perm)}, ` +
    `topicFilterType=${config.topicFilterType}, topicSysFlag=${config.topicSysFlag}, order=${config.order}, ` +
    `attributes=${javaMap(Object.entries(config.attributes))}]`
  );
}
