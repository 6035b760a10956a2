package mqadmin.interop;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.RPCHook;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * Apache's Java client in the hands of the scenarios: reads one JSON object a line, {@code {"id", "op", …}}, does it
 * beside the others, and writes {@code {"id", "value"}} or {@code {"id", "error"}}. What consumers receive comes as
 * {@code {"client", "message"}}. The operations and their fields are those of kit/peer.ts.
 *
 * <p>Usage: Agent NAMESRV_ADDR. Ends with its standard input.
 */
public final class Agent {
    private static final long CALL_SECONDS = 60;
    /** Of one request: a busy machine is no finding. */
    private static final int CALL_MS = 20_000;
    private final String namesrv;
    private final PrintStream out;
    private final Map<String, DefaultMQProducer> producers = new ConcurrentHashMap<>();
    private final Map<String, DefaultLitePullConsumer> pullers = new ConcurrentHashMap<>();
    private final Map<String, Runnable> closers = new ConcurrentHashMap<>();

    private interface Queried {
        Object of(DefaultMQProducer producer) throws Exception;
    }

    private Agent(String namesrv, PrintStream out) {
        this.namesrv = namesrv;
        this.out = out;
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        // What clients print for people stays apart from the answers.
        System.setOut(System.err);
        Agent agent = new Agent(args[0], out);
        ExecutorService pool = Executors.newCachedThreadPool();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject call = JSON.parseObject(line);
            pool.execute(() -> agent.answer(call));
        }
        // Without the shutdown hooks of clients that a failed scenario left behind.
        Runtime.getRuntime().halt(0);
    }

    private void answer(JSONObject call) {
        JSONObject answer = new JSONObject();
        answer.put("id", call.get("id"));
        try {
            answer.put("value", run(call));
        } catch (Throwable e) {
            e.printStackTrace();
            StringBuilder text = new StringBuilder(e.toString());
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) text.append("; ").append(cause);
            answer.put("error", text.toString());
        }
        write(answer);
    }

    private void write(JSONObject object) {
        out.println(object.toJSONString());
    }

    private Object run(JSONObject call) throws Exception {
        switch (call.getString("op")) {
            case "producer":
                return producer(call);
            case "send":
                return send(call);
            case "recall":
                // By reflection, as the handle of a send: 4.9 has neither.
                DefaultMQProducer recalling = producers.get(call.getString("client"));
                return DefaultMQProducer.class.getMethod("recallMessage", String.class, String.class)
                    .invoke(recalling, call.getString("topic"), call.getString("recallHandle"));
            case "request":
                return request(call);
            case "consumer":
                return consumer(call);
            case "puller":
                return puller(call);
            case "poll":
                return poll(call);
            case "commit":
                pullers.get(call.getString("client")).commitSync();
                return true;
            case "query":
                return ask(call, producer -> {
                    long now = System.currentTimeMillis();
                    List<String> bodies = new ArrayList<>();
                    for (MessageExt m : producer.queryMessage(call.getString("topic"), call.getString("key"), 32, now - 600_000, now + 600_000).getMessageList()) {
                        bodies.add(text(m));
                    }
                    return bodies;
                });
            case "view":
                return ask(call, producer -> text(producer.viewMessage(call.getString("topic"), call.getString("messageId"))));
            case "resetOffset":
                return resetOffset(call);
            case "close":
                Runnable closer = closers.remove(call.getString("client"));
                if (closer != null) closer.run();
                return true;
            default:
                throw new IllegalArgumentException("no operation " + call.getString("op"));
        }
    }

    private void configure(ClientConfig client, String instanceName) {
        client.setNamesrvAddr(namesrv);
        client.setInstanceName(instanceName);
        client.setMqClientApiTimeout(CALL_MS);
    }

    private static RPCHook hook(JSONObject call) {
        JSONObject given = call.getJSONObject("credentials");
        if (given == null) return null;
        return new AclClientRPCHook(new SessionCredentials(given.getString("accessKey"), given.getString("secretKey")));
    }

    private Object producer(JSONObject call) throws Exception {
        String name = call.getString("client");
        String group = call.getString("group");
        DefaultMQProducer producer;
        if (call.getBooleanValue("transactional")) {
            TransactionMQProducer transactional = new TransactionMQProducer(group, hook(call));
            transactional.setTransactionListener(new Verdicts());
            producer = transactional;
        } else {
            producer = new DefaultMQProducer(group, hook(call), call.containsKey("traceTopic"), call.getString("traceTopic"));
        }
        configure(producer, name);
        producer.setSendMsgTimeout(CALL_MS);
        producer.start();
        producers.put(name, producer);
        closers.put(name, producer::shutdown);
        return true;
    }

    /** A body's first word is what executing the transaction comes to, its second what a check does. */
    private static final class Verdicts implements TransactionListener {
        @Override
        public LocalTransactionState executeLocalTransaction(Message m, Object arg) {
            return verdict(m, 0);
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt m) {
            return verdict(m, 1);
        }

        private static LocalTransactionState verdict(Message m, int word) {
            switch (new String(m.getBody(), StandardCharsets.UTF_8).split(" ")[word]) {
                case "commit":
                    return LocalTransactionState.COMMIT_MESSAGE;
                case "rollback":
                    return LocalTransactionState.ROLLBACK_MESSAGE;
                default:
                    return LocalTransactionState.UNKNOW;
            }
        }
    }

    private static Message message(JSONObject call, JSONObject given) {
        Message m = new Message(call.getString("topic"), given.getString("body").getBytes(StandardCharsets.UTF_8));
        if (given.containsKey("tags")) m.setTags(given.getString("tags"));
        if (given.containsKey("keys")) m.setKeys(given.getString("keys"));
        if (given.containsKey("delayLevel")) m.setDelayTimeLevel(given.getIntValue("delayLevel"));
        // Clients of 4.9 have no setter for it.
        if (given.containsKey("delayMs")) MessageAccessor.putProperty(m, "TIMER_DELAY_MS", given.getString("delayMs"));
        JSONObject properties = given.getJSONObject("properties");
        if (properties != null) properties.forEach((key, value) -> m.putUserProperty(key, value.toString()));
        return m;
    }

    private static JSONObject sent(SendResult result) {
        JSONObject json = new JSONObject();
        json.put("status", result.getSendStatus().name());
        json.put("msgId", result.getMsgId());
        json.put("offsetMsgId", result.getOffsetMsgId());
        json.put("brokerName", result.getMessageQueue().getBrokerName());
        json.put("queueId", result.getMessageQueue().getQueueId());
        json.put("queueOffset", result.getQueueOffset());
        try {
            json.put("recallHandle", SendResult.class.getMethod("getRecallHandle").invoke(result));
        } catch (ReflectiveOperationException e) {
            json.put("recallHandle", null);
        }
        return json;
    }

    /** One after the other, but for mode async. @return what was acknowledged */
    private Object send(JSONObject call) throws Exception {
        DefaultMQProducer producer = producers.get(call.getString("client"));
        JSONArray given = call.getJSONArray("messages");
        JSONArray results = new JSONArray();
        List<CompletableFuture<SendResult>> pending = new ArrayList<>();
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            JSONObject one = given.getJSONObject(i);
            Message m = message(call, one);
            switch (call.getString("mode")) {
                case "oneway":
                    producer.sendOneway(m);
                    break;
                case "batch":
                    batch.add(m);
                    break;
                case "transaction":
                    results.add(sent(((TransactionMQProducer) producer).sendMessageInTransaction(m, null)));
                    break;
                case "async":
                    CompletableFuture<SendResult> result = new CompletableFuture<>();
                    pending.add(result);
                    producer.send(m, callback(result));
                    break;
                default:
                    results.add(sent(one.containsKey("shard")
                        ? producer.send(m, (queues, msg, shard) -> queues.get((Integer) shard % queues.size()), one.getInteger("shard"))
                        : producer.send(m)));
            }
        }
        if (!batch.isEmpty()) results.add(sent(producer.send(batch)));
        for (CompletableFuture<SendResult> result : pending) results.add(sent(result.get(CALL_SECONDS, TimeUnit.SECONDS)));
        return results;
    }

    private static SendCallback callback(CompletableFuture<SendResult> result) {
        return new SendCallback() {
            @Override
            public void onSuccess(SendResult sent) {
                result.complete(sent);
            }

            @Override
            public void onException(Throwable e) {
                result.completeExceptionally(e);
            }
        };
    }

    /**
     * With an explicit queue and a callback: the other forms of request in 5.3.3 give up with no reply as soon as the
     * send is acknowledged, against Apache's broker too (DefaultMQProducerImpl.java#request, onSuccess).
     */
    private Object request(JSONObject call) throws Exception {
        DefaultMQProducer producer = producers.get(call.getString("client"));
        MessageQueue queue = producer.fetchPublishMessageQueues(call.getString("topic")).get(0);
        CompletableFuture<String> replied = new CompletableFuture<>();
        producer.request(message(call, call.getJSONObject("message")), queue, new RequestCallback() {
            @Override
            public void onSuccess(Message reply) {
                replied.complete(new String(reply.getBody(), StandardCharsets.UTF_8));
            }

            @Override
            public void onException(Throwable e) {
                replied.completeExceptionally(e);
            }
        }, call.getLongValue("timeoutMs"));
        return replied.get(CALL_SECONDS, TimeUnit.SECONDS);
    }

    private Object consumer(JSONObject call) throws Exception {
        String name = call.getString("client");
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(call.getString("group"), hook(call),
            new AllocateMessageQueueAveragely(), call.containsKey("traceTopic"), call.getString("traceTopic"));
        configure(consumer, name);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        if (call.containsKey("maxReconsumeTimes")) consumer.setMaxReconsumeTimes(call.getIntValue("maxReconsumeTimes"));
        if (call.getBooleanValue("broadcasting")) setByName(consumer, "setMessageModel", "BROADCASTING");
        // By reflection: 4.9 has no POP.
        if (call.getBooleanValue("pop")) DefaultMQPushConsumer.class.getMethod("setClientRebalance", boolean.class).invoke(consumer, false);
        String expression = call.getString("expression");
        if ("SQL92".equals(call.getString("expressionType"))) {
            consumer.subscribe(call.getString("topic"), MessageSelector.bySql(expression));
        } else {
            consumer.subscribe(call.getString("topic"), expression);
        }
        DefaultMQProducer replier = call.getBooleanValue("replies") ? replier(name) : null;
        Map<String, AtomicInteger> attempts = new ConcurrentHashMap<>();
        if (call.getBooleanValue("orderly")) {
            consumer.registerMessageListener((MessageListenerOrderly) (msgs, context) -> {
                boolean fails = false;
                for (MessageExt m : msgs) {
                    seen(name, context.getMessageQueue().getBrokerName(), m);
                    fails |= fails(call, attempts, m);
                }
                if (!fails) return ConsumeOrderlyStatus.SUCCESS;
                context.setSuspendCurrentQueueTimeMillis(100);
                return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
            });
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
                boolean fails = false;
                for (MessageExt m : msgs) {
                    seen(name, context.getMessageQueue().getBrokerName(), m);
                    fails |= fails(call, attempts, m);
                    if (replier != null && m.getProperty("REPLY_TO_CLIENT") != null) reply(replier, m);
                }
                if (!fails) return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
                context.setDelayLevelWhenNextConsume(1);
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            });
        }
        consumer.start();
        closers.put(name, () -> {
            consumer.shutdown();
            if (replier != null) replier.shutdown();
        });
        return true;
    }

    private DefaultMQProducer replier(String name) throws Exception {
        DefaultMQProducer replier = new DefaultMQProducer(name + "-replier");
        configure(replier, name + "-replier");
        replier.start();
        return replier;
    }

    private static void reply(DefaultMQProducer replier, MessageExt m) {
        try {
            replier.send(MessageUtil.createReplyMessage(m, ("re:" + text(m)).getBytes(StandardCharsets.UTF_8)), CALL_MS);
        } catch (Exception e) {
            e.printStackTrace();
        }
    }

    /** Whether this attempt is one of the first `failTimes` of a message to be failed. */
    private static boolean fails(JSONObject call, Map<String, AtomicInteger> attempts, MessageExt m) {
        int times = call.getIntValue("failTimes");
        if (times == 0 || call.containsKey("failBody") && !call.getString("failBody").equals(text(m))) return false;
        return attempts.computeIfAbsent(m.getMsgId(), id -> new AtomicInteger()).getAndIncrement() < times;
    }

    private void seen(String client, String brokerName, MessageExt m) {
        JSONObject event = new JSONObject();
        event.put("client", client);
        event.put("message", describe(brokerName, m));
        write(event);
    }

    private static JSONObject describe(String brokerName, MessageExt m) {
        JSONObject json = new JSONObject();
        json.put("body", text(m));
        json.put("tags", m.getTags());
        json.put("keys", m.getKeys());
        json.put("topic", m.getTopic());
        json.put("msgId", m.getMsgId());
        json.put("brokerName", brokerName);
        json.put("queueId", m.getQueueId());
        json.put("queueOffset", m.getQueueOffset());
        json.put("reconsumeTimes", m.getReconsumeTimes());
        json.put("properties", m.getProperties());
        json.put("atMs", System.currentTimeMillis());
        return json;
    }

    /** With seekTo: all queues of the topic assigned, each from that offset; else as a member of the group. */
    private Object puller(JSONObject call) throws Exception {
        String name = call.getString("client");
        String topic = call.getString("topic");
        DefaultLitePullConsumer puller = new DefaultLitePullConsumer(call.getString("group"), hook(call));
        configure(puller, name);
        puller.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        if (!call.containsKey("seekTo")) puller.subscribe(topic, "*");
        puller.start();
        if (call.containsKey("seekTo")) {
            Collection<MessageQueue> queues = puller.fetchMessageQueues(topic);
            puller.assign(queues);
            for (MessageQueue queue : queues) puller.seek(queue, call.getLongValue("seekTo"));
        }
        pullers.put(name, puller);
        closers.put(name, puller::shutdown);
        return true;
    }

    private Object poll(JSONObject call) {
        JSONArray messages = new JSONArray();
        for (MessageExt m : pullers.get(call.getString("client")).poll(call.getLongValue("timeoutMs"))) {
            messages.add(describe(null, m));
        }
        return messages;
    }

    private Object ask(JSONObject call, Queried query) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(call.getString("client"));
        configure(producer, call.getString("client"));
        producer.start();
        try {
            return query.of(producer);
        } finally {
            producer.shutdown();
        }
    }

    private Object resetOffset(JSONObject call) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        configure(admin, call.getString("client"));
        admin.start();
        try {
            return admin.resetOffsetByTimestamp(call.getString("topic"), call.getString("group"), call.getLongValue("timestamp"), true).size();
        } finally {
            admin.shutdown();
        }
    }

    /** Sets an enum that lives in another package in 4.9 than in 5.x. */
    private static void setByName(Object target, String setter, String name) throws Exception {
        for (Method method : target.getClass().getMethods()) {
            if (!method.getName().equals(setter)) continue;
            for (Object value : method.getParameterTypes()[0].getEnumConstants()) {
                if (value.toString().equals(name)) method.invoke(target, value);
            }
        }
    }

    private static String text(Message m) {
        return new String(m.getBody(), StandardCharsets.UTF_8);
    }
}
