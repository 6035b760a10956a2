package mqadmin.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.AckCallback;
import org.apache.rocketmq.client.consumer.AckResult;
import org.apache.rocketmq.client.consumer.PopCallback;
import org.apache.rocketmq.client.consumer.PopResult;
import org.apache.rocketmq.client.consumer.PopStatus;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.AckMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.ChangeInvisibleTimeRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.ExtraInfoUtil;
import org.apache.rocketmq.remoting.protocol.header.PopMessageRequestHeader;

/**
 * Pops in order with the calls that Apache's proxy makes: its push consumer does not. Prints what came of each step, to
 * be compared between brokers.
 *
 * <p>Usage: OrderedPops NAMESRV_ADDR BROKER_ADDR BROKER_NAME TOPIC GROUP, with a topic of one queue.
 */
public final class OrderedPops {
    private static final long CALL_MS = 20_000;
    private static final long COME_BACK_MS = 60_000;
    private static final int AT_A_TIME = 2;
    private final MQClientAPIImpl api;
    private final String addr;
    private final String brokerName;
    private final String topic;
    private final String group;

    private OrderedPops(MQClientAPIImpl api, String[] args) {
        this.api = api;
        this.addr = args[1];
        this.brokerName = args[2];
        this.topic = args[3];
        this.group = args[4];
    }

    public static void main(String[] args) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("ordered-pops");
        producer.setNamesrvAddr(args[0]);
        producer.setSendMsgTimeout((int) CALL_MS);
        producer.setMqClientApiTimeout((int) CALL_MS);
        producer.start();
        for (int n = 0; n < 5; n++) {
            byte[] body = ("m" + n).getBytes(StandardCharsets.UTF_8);
            producer.send(new Message(args[3], body), new MessageQueue(args[3], args[2], 0));
        }
        MQClientAPIImpl api = producer.getDefaultMQProducerImpl().getMqClientFactory().getMQClientAPIImpl();
        try {
            new OrderedPops(api, args).play();
            Runtime.getRuntime().halt(0);
        } catch (Throwable e) {
            // The producer's threads would keep the process alive.
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private void play() throws Exception {
        List<MessageExt> first = pop("first", "a", 60_000);
        pop("somebody else, while these are out", "b", 60_000);
        // The same attempt again: its answer may have been lost.
        first = pop("the same attempt", "a", 60_000);
        say("ack of the first", ack(first.get(0)));
        pop("with one left", "b", 60_000);
        say("a second for the other", changeInvisibleTime(first.get(1), 1_000));
        List<MessageExt> second = popUntilFound("when its time is over", "c");
        for (MessageExt message : second) say("ack of " + text(message), ack(message));
        List<MessageExt> third = pop("the next", "d", 1_000);
        List<MessageExt> again = popUntilFound("when they come again", "e");
        say("ack of an earlier pop", ack(third.get(0)));
        for (MessageExt message : again) say("ack of " + text(message), ack(message));
        pop("at the end", "f", 60_000);
    }

    private static void say(String step, Object outcome) {
        System.out.println("step " + step + ": " + outcome);
    }

    private static String text(MessageExt message) {
        return new String(message.getBody(), StandardCharsets.UTF_8);
    }

    private PopResult popOnce(String attemptId, long invisibleTime) throws Exception {
        PopMessageRequestHeader header = new PopMessageRequestHeader();
        header.setConsumerGroup(group);
        header.setTopic(topic);
        header.setQueueId(-1);
        header.setMaxMsgNums(AT_A_TIME);
        header.setInvisibleTime(invisibleTime);
        header.setPollTime(0);
        // A broker refuses pops that took more than half a second to come; a busy machine needs that.
        header.setBornTime(System.currentTimeMillis() + CALL_MS);
        header.setInitMode(0);
        header.setOrder(true);
        header.setAttemptId(attemptId);
        header.setExpType("TAG");
        header.setExp("*");
        header.setBrokerName(brokerName);
        CompletableFuture<PopResult> popped = new CompletableFuture<>();
        api.popMessageAsync(brokerName, addr, header, CALL_MS, new PopCallback() {
            @Override
            public void onSuccess(PopResult result) {
                popped.complete(result);
            }

            @Override
            public void onException(Throwable e) {
                popped.completeExceptionally(e);
            }
        });
        return popped.get(CALL_MS, TimeUnit.MILLISECONDS);
    }

    private static List<MessageExt> told(String step, PopResult result) {
        List<String> messages = new ArrayList<>();
        List<MessageExt> found = result.getPopStatus() == PopStatus.FOUND ? result.getMsgFoundList() : new ArrayList<>();
        for (MessageExt m : found) messages.add(text(m) + "@" + m.getQueueOffset() + " time " + (m.getReconsumeTimes() + 1));
        say(step, result.getPopStatus() + " " + messages + (found.isEmpty() ? "" : ", " + result.getRestNum() + " left"));
        return found;
    }

    private List<MessageExt> pop(String step, String attemptId, long invisibleTime) throws Exception {
        return told(step, popOnce(attemptId, invisibleTime));
    }

    private List<MessageExt> popUntilFound(String step, String attemptId) throws Exception {
        long untilMs = System.currentTimeMillis() + COME_BACK_MS;
        PopResult result = popOnce(attemptId, 60_000);
        while (result.getPopStatus() != PopStatus.FOUND && System.currentTimeMillis() < untilMs) {
            Thread.sleep(200);
            result = popOnce(attemptId, 60_000);
        }
        return told(step, result);
    }

    private AckCallback into(CompletableFuture<AckResult> answered) {
        return new AckCallback() {
            @Override
            public void onSuccess(AckResult result) {
                answered.complete(result);
            }

            @Override
            public void onException(Throwable e) {
                answered.completeExceptionally(e);
            }
        };
    }

    private Object ack(MessageExt message) throws Exception {
        String[] handle = ExtraInfoUtil.split(message.getProperty("POP_CK"));
        AckMessageRequestHeader header = new AckMessageRequestHeader();
        header.setConsumerGroup(group);
        header.setTopic(ExtraInfoUtil.getRealTopic(handle, topic, group));
        header.setQueueId(ExtraInfoUtil.getQueueId(handle));
        header.setOffset(ExtraInfoUtil.getQueueOffset(handle));
        header.setExtraInfo(message.getProperty("POP_CK"));
        header.setBrokerName(brokerName);
        CompletableFuture<AckResult> answered = new CompletableFuture<>();
        api.ackMessageAsync(addr, CALL_MS, into(answered), header);
        return answered.get(CALL_MS, TimeUnit.MILLISECONDS).getStatus();
    }

    private Object changeInvisibleTime(MessageExt message, long invisibleTime) throws Exception {
        String[] handle = ExtraInfoUtil.split(message.getProperty("POP_CK"));
        ChangeInvisibleTimeRequestHeader header = new ChangeInvisibleTimeRequestHeader();
        header.setConsumerGroup(group);
        header.setTopic(ExtraInfoUtil.getRealTopic(handle, topic, group));
        header.setQueueId(ExtraInfoUtil.getQueueId(handle));
        header.setOffset(ExtraInfoUtil.getQueueOffset(handle));
        header.setExtraInfo(message.getProperty("POP_CK"));
        header.setInvisibleTime(invisibleTime);
        header.setBrokerName(brokerName);
        CompletableFuture<AckResult> answered = new CompletableFuture<>();
        api.changeInvisibleTimeAsync(brokerName, addr, header, CALL_MS, into(answered));
        return answered.get(CALL_MS, TimeUnit.MILLISECONDS).getStatus();
    }
}
