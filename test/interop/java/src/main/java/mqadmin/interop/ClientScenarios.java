package mqadmin.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * What an application does with Apache's Java client, one named scenario each, against any cluster.
 *
 * <p>Usage: ClientScenarios NAMESRV_ADDR [SCENARIO...]; prints one line a scenario, {@code ok NAME MILLIS} or
 * {@code not ok NAME REASON}, and exits with 1 if any failed. They mostly wait, so {@value #AT_A_TIME} run at a time.
 */
public final class ClientScenarios {
    private static final long WAIT_SECONDS = 60;
    private static final int AT_A_TIME = 6;
    private final String namesrv;
    private final String run = Long.toString(System.currentTimeMillis(), 36) + "-" + ProcessHandle.current().pid();
    private final AtomicInteger serial = new AtomicInteger();

    private ClientScenarios(String namesrv) {
        this.namesrv = namesrv;
    }

    public static void main(String[] args) throws Exception {
        ClientScenarios scenarios = new ClientScenarios(args[0]);
        Map<String, Callable<String>> all = new LinkedHashMap<>();
        // The long ones first.
        all.put("push-orderly", scenarios::pushOrderly);
        all.put("push-retry", scenarios::pushRetry);
        all.put("dead-letter", scenarios::deadLetter);
        all.put("offset-reset", scenarios::offsetReset);
        all.put("transaction-check", scenarios::transactionCheck);
        all.put("delay-level", scenarios::delayLevel);
        all.put("timer", scenarios::timer);
        all.put("send-sync", scenarios::sendSync);
        all.put("send-async", scenarios::sendAsync);
        all.put("send-oneway", scenarios::sendOneway);
        all.put("send-batch", scenarios::sendBatch);
        all.put("send-large-compressed", scenarios::sendLarge);
        all.put("push-concurrently", scenarios::pushConcurrently);
        all.put("push-tag-filter", scenarios::pushTagFilter);
        all.put("push-sql-filter", scenarios::pushSqlFilter);
        all.put("push-broadcast", scenarios::pushBroadcast);
        all.put("push-rebalance", scenarios::pushRebalance);
        all.put("lite-pull", scenarios::litePull);
        all.put("lite-pull-seek", scenarios::litePullSeek);
        all.put("query-by-key", scenarios::queryByKey);
        all.put("transaction", scenarios::transaction);
        all.put("request-reply", scenarios::requestReply);
        all.put("trace", scenarios::trace);
        Map<String, Callable<String>> named = new LinkedHashMap<>(all);
        named.put("spread", scenarios::spread);
        named.put("pop-retry", scenarios::popRetry);
        Collection<String> wanted = args.length > 1 ? Arrays.asList(args).subList(1, args.length) : all.keySet();
        ExecutorService pool = Executors.newFixedThreadPool(AT_A_TIME);
        List<Future<Boolean>> verdicts = new ArrayList<>();
        for (String name : wanted) verdicts.add(pool.submit(() -> passes(name, named.get(name))));
        boolean passed = true;
        for (Future<Boolean> verdict : verdicts) passed &= verdict.get();
        // Without the shutdown hooks and pools of clients that a failed scenario left behind.
        System.out.flush();
        Runtime.getRuntime().halt(passed ? 0 : 1);
    }

    private static boolean passes(String name, Callable<String> scenario) {
        long start = System.currentTimeMillis();
        String reason;
        try {
            reason = scenario.call();
        } catch (Throwable e) {
            reason = e.toString().replace('\n', ' ');
            e.printStackTrace();
        }
        long took = System.currentTimeMillis() - start;
        System.out.println(reason == null ? "ok " + name + " " + took : "not ok " + name + " " + reason);
        return reason == null;
    }

    private String unique(String what) {
        return "interop-" + what + "-" + run + "-" + serial.getAndIncrement();
    }

    private DefaultMQProducer producer() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(unique("p"));
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName(unique("i"));
        producer.start();
        return producer;
    }

    private DefaultMQPushConsumer consumer(String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName(unique("i"));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        return consumer;
    }

    /** MessageModel lives in another package in 4.9 than in 5.x. */
    private static void broadcasting(DefaultMQPushConsumer consumer) throws Exception {
        for (java.lang.reflect.Method method : DefaultMQPushConsumer.class.getMethods()) {
            if (!method.getName().equals("setMessageModel")) continue;
            for (Object model : method.getParameterTypes()[0].getEnumConstants()) {
                if (model.toString().equals("BROADCASTING")) method.invoke(consumer, model);
            }
        }
    }

    private static Message message(String topic, String tag, String key, String body) {
        return new Message(topic, tag, key, body.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(MessageExt m) {
        return new String(m.getBody(), StandardCharsets.UTF_8);
    }

    /** Sends n messages, bodies "0".."n-1", keys "k0".."kn-1". */
    private List<SendResult> fill(String topic, int n, String tag) throws Exception {
        DefaultMQProducer producer = producer();
        List<SendResult> results = new ArrayList<>();
        try {
            for (int i = 0; i < n; i++) {
                results.add(producer.send(message(topic, tag, "k" + i, Integer.toString(i))));
            }
        } finally {
            producer.shutdown();
        }
        return results;
    }

    private static Set<String> numbers(int n) {
        Set<String> out = new HashSet<>();
        for (int i = 0; i < n; i++) out.add(Integer.toString(i));
        return out;
    }

    /** Reads a topic through a fresh push consumer until it has seen every wanted body. */
    private String consumeAll(String topic, Set<String> wanted) throws Exception {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) seen.add(text(m));
            if (seen.containsAll(wanted)) done.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        consumer.shutdown();
        return ok ? null : "saw " + seen.size() + " of " + wanted.size();
    }

    private String sendSync() throws Exception {
        String topic = unique("t");
        Set<String> ids = new HashSet<>();
        for (SendResult r : fill(topic, 100, "A")) {
            if (r.getSendStatus() != SendStatus.SEND_OK) return "status " + r.getSendStatus();
            ids.add(r.getMsgId());
            if (r.getOffsetMsgId() == null || r.getOffsetMsgId().length() < 32) return "offset id " + r.getOffsetMsgId();
        }
        return ids.size() == 100 ? consumeAll(topic, numbers(100)) : "ids " + ids.size();
    }

    private String sendAsync() throws Exception {
        String topic = unique("t");
        DefaultMQProducer producer = producer();
        CountDownLatch done = new CountDownLatch(500);
        AtomicReference<Throwable> error = new AtomicReference<>();
        for (int i = 0; i < 500; i++) {
            producer.send(message(topic, "A", "k" + i, Integer.toString(i)), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    done.countDown();
                }

                @Override
                public void onException(Throwable e) {
                    error.set(e);
                    done.countDown();
                }
            });
        }
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        producer.shutdown();
        if (!ok) return "callbacks missing: " + done.getCount();
        return error.get() != null ? error.get().toString() : consumeAll(topic, numbers(500));
    }

    private String sendOneway() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        DefaultMQProducer producer = producer();
        for (int i = 0; i < 50; i++) producer.sendOneway(message(topic, "A", "k" + i, Integer.toString(i)));
        String result = consumeAll(topic, numbers(50));
        producer.shutdown();
        return result;
    }

    private String sendBatch() throws Exception {
        String topic = unique("t");
        DefaultMQProducer producer = producer();
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < 64; i++) batch.add(message(topic, "A", "k" + i, Integer.toString(i)));
        SendResult result = producer.send(batch);
        producer.shutdown();
        if (result.getSendStatus() != SendStatus.SEND_OK) return "status " + result.getSendStatus();
        if (result.getMsgId().split(",").length != 64) return "ids " + result.getMsgId();
        if (result.getOffsetMsgId().split(",").length != 64) return "offset ids " + result.getOffsetMsgId();
        return consumeAll(topic, numbers(64));
    }

    private String sendLarge() throws Exception {
        String topic = unique("t");
        DefaultMQProducer producer = producer();
        String body = "0123456789".repeat(30_000);
        SendResult result = producer.send(message(topic, "A", "big", body));
        producer.shutdown();
        if (result.getSendStatus() != SendStatus.SEND_OK) return "status " + result.getSendStatus();
        return consumeAll(topic, Collections.singleton(body));
    }

    private String pushConcurrently() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        String group = unique("g");
        Map<String, AtomicInteger> seen = new ConcurrentHashMap<>();
        CountDownLatch done = new CountDownLatch(1001);
        DefaultMQPushConsumer consumer = consumer(group);
        consumer.subscribe(topic, "*");
        consumer.setConsumeMessageBatchMaxSize(4);
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) {
                if (seen.computeIfAbsent(m.getMsgId(), id -> new AtomicInteger()).incrementAndGet() == 1) done.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        fill(topic, 1000, "A");
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        consumer.shutdown();
        if (!ok) return "missing " + done.getCount();
        long twice = seen.values().stream().filter(n -> n.get() > 1).count();
        if (twice > 0) return "seen twice: " + twice;
        // A second member of the group goes on where the first stopped.
        fill(topic, 10, "A");
        CountDownLatch rest = new CountDownLatch(10);
        AtomicInteger again = new AtomicInteger();
        DefaultMQPushConsumer second = consumer(group);
        second.subscribe(topic, "*");
        second.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) {
                if (seen.containsKey(m.getMsgId())) again.incrementAndGet();
                else rest.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        second.start();
        ok = rest.await(WAIT_SECONDS, TimeUnit.SECONDS);
        second.shutdown();
        if (!ok) return "second consumer missing " + rest.getCount();
        return again.get() == 0 ? null : "offsets lost: " + again.get() + " consumed again";
    }

    private String pushTagFilter() throws Exception {
        String topic = unique("t");
        fill(topic, 20, "A");
        fill(topic, 20, "B");
        fill(topic, 20, "C");
        Map<String, AtomicInteger> tags = new ConcurrentHashMap<>();
        CountDownLatch done = new CountDownLatch(40);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "A || C");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) {
                tags.computeIfAbsent(m.getTags(), tag -> new AtomicInteger()).incrementAndGet();
                done.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        consumer.shutdown();
        return ok && !tags.containsKey("B") ? null : "tags " + tags;
    }

    private String pushOrderly() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        DefaultMQProducer producer = producer();
        for (int i = 0; i < 400; i++) {
            int shard = i % 8;
            producer.send(message(topic, "A", "k" + i, shard + ":" + i / 8), (queues, m, arg) -> queues.get((Integer) arg % queues.size()), shard);
        }
        producer.shutdown();
        Map<String, Integer> last = new ConcurrentHashMap<>();
        Set<String> bodies = ConcurrentHashMap.newKeySet();
        AtomicReference<String> disorder = new AtomicReference<>();
        AtomicInteger suspends = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(400);
        String group = unique("g");
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        for (int c = 0; c < 2; c++) {
            DefaultMQPushConsumer consumer = consumer(group);
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener((MessageListenerOrderly) (msgs, context) -> {
                for (MessageExt m : msgs) {
                    String[] parts = text(m).split(":");
                    if (parts.length != 2) continue;
                    int n = Integer.parseInt(parts[1]);
                    if (n == 25 && m.getReconsumeTimes() == 0 && suspends.incrementAndGet() <= 2) {
                        context.setSuspendCurrentQueueTimeMillis(100);
                        return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
                    }
                    Integer before = last.put(parts[0], n);
                    if (before != null && n != before + 1 && n > before) disorder.set(parts[0] + ": " + before + " then " + n);
                    if (bodies.add(text(m))) done.countDown();
                }
                return ConsumeOrderlyStatus.SUCCESS;
            });
            consumer.start();
            consumers.add(consumer);
        }
        boolean ok = done.await(WAIT_SECONDS * 2, TimeUnit.SECONDS);
        for (DefaultMQPushConsumer consumer : consumers) consumer.shutdown();
        if (disorder.get() != null) return "out of order: " + disorder.get();
        return ok ? null : "missing " + done.getCount();
    }

    private String pushBroadcast() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        String group = unique("g");
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(60);
        for (int c = 0; c < 2; c++) {
            Set<String> seen = ConcurrentHashMap.newKeySet();
            DefaultMQPushConsumer consumer = consumer(group);
            broadcasting(consumer);
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
                for (MessageExt m : msgs) if ("B".equals(m.getTags()) && seen.add(m.getMsgId())) done.countDown();
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
            consumers.add(consumer);
        }
        fill(topic, 30, "B");
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        for (DefaultMQPushConsumer consumer : consumers) consumer.shutdown();
        return ok ? null : "missing " + done.getCount() + " of 60";
    }

    private String pushRetry() throws Exception {
        String topic = unique("t");
        fill(topic, 5, "A");
        Map<String, Integer> times = new ConcurrentHashMap<>();
        CountDownLatch done = new CountDownLatch(5);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "*");
        AtomicReference<String> wrong = new AtomicReference<>();
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            context.setDelayLevelWhenNextConsume(1);
            for (MessageExt m : msgs) {
                if (!topic.equals(m.getTopic())) wrong.set("topic " + m.getTopic());
                times.merge(text(m), m.getReconsumeTimes(), Math::max);
                if (m.getReconsumeTimes() < 2) return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                done.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        consumer.shutdown();
        if (wrong.get() != null) return wrong.get();
        return ok ? null : "times " + times;
    }

    /** 5.x: three members pop; one leaves in between; what fails once comes back by the retry topic of pop. */
    private String popRetry() throws Exception {
        String topic = unique("t");
        String group = unique("g");
        fill(topic, 1, "A");
        if (!setPopMode(topic, group)) return "the mode could not be set";
        Map<String, Integer> times = new ConcurrentHashMap<>();
        Set<String> consumed = ConcurrentHashMap.newKeySet();
        List<DefaultMQPushConsumer> members = new ArrayList<>();
        for (int c = 0; c < 3; c++) {
            DefaultMQPushConsumer consumer = consumer(group);
            DefaultMQPushConsumer.class.getMethod("setClientRebalance", boolean.class).invoke(consumer, false);
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
                context.setDelayLevelWhenNextConsume(1);
                for (MessageExt m : msgs) {
                    times.merge(text(m), m.getReconsumeTimes(), Math::max);
                    if (text(m).endsWith("0") && m.getReconsumeTimes() == 0) {
                        return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                    }
                    consumed.add(text(m));
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
            members.add(consumer);
        }
        fill(topic, 30, "A");
        members.remove(0).shutdown();
        fill(topic, 60, "A");
        // A failed message waits ten seconds, and a pop that waits is not told of the retry topic: Apache's takes 50 s.
        long deadline = System.currentTimeMillis() + 2 * WAIT_SECONDS * 1000;
        while (consumed.size() < 60 && System.currentTimeMillis() < deadline) Thread.sleep(100);
        for (DefaultMQPushConsumer member : members) member.shutdown();
        if (consumed.size() < 60) return "consumed " + consumed.size() + ", times " + times;
        long retried = times.values().stream().filter(t -> t > 0).count();
        return retried >= 6 ? null : "came back: " + retried;
    }

    /** By reflection, since 4.9 knows no modes. */
    private boolean setPopMode(String topic, String group) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName(unique("i"));
        admin.start();
        try {
            Class<?> modes = Class.forName("org.apache.rocketmq.common.message.MessageRequestMode");
            Object pop = modes.getField("POP").get(null);
            String addr = admin.examineTopicRouteInfo(topic).getBrokerDatas().get(0).selectBrokerAddr();
            DefaultMQAdminExt.class
                    .getMethod("setMessageRequestMode", String.class, String.class, String.class, modes, int.class, long.class)
                    .invoke(admin, addr, topic, group, pop, 0, 5000L);
            return true;
        } finally {
            admin.shutdown();
        }
    }

    private String pushRebalance() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        String group = unique("g");
        Set<String> seen = ConcurrentHashMap.newKeySet();
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        List<Set<Integer>> queues = new ArrayList<>();
        DefaultMQProducer producer = producer();
        int sent = 0;
        for (int c = 0; c < 3; c++) {
            Set<Integer> own = ConcurrentHashMap.newKeySet();
            queues.add(own);
            DefaultMQPushConsumer consumer = consumer(group);
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
                for (MessageExt m : msgs) {
                    seen.add(text(m));
                    own.add(m.getQueueId());
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
            consumers.add(consumer);
            for (int i = 0; i < 200; i++) producer.send(message(topic, "A", "k", Integer.toString(sent++)));
        }
        consumers.remove(0).shutdown();
        for (int i = 0; i < 200; i++) producer.send(message(topic, "A", "k", Integer.toString(sent++)));
        Set<String> wanted = numbers(sent);
        long deadline = System.currentTimeMillis() + WAIT_SECONDS * 1000;
        while (!seen.containsAll(wanted) && System.currentTimeMillis() < deadline) Thread.sleep(50);
        producer.shutdown();
        for (DefaultMQPushConsumer consumer : consumers) consumer.shutdown();
        return seen.containsAll(wanted) ? null : "saw " + seen.size() + " of " + sent + ", queues " + queues;
    }

    private String litePull() throws Exception {
        String topic = unique("t");
        fill(topic, 100, "A");
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(unique("g"));
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName(unique("i"));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.start();
        Set<String> seen = new HashSet<>();
        long deadline = System.currentTimeMillis() + WAIT_SECONDS * 1000;
        while (seen.size() < 100 && System.currentTimeMillis() < deadline) {
            for (MessageExt m : consumer.poll(1000)) seen.add(text(m));
        }
        consumer.commitSync();
        consumer.shutdown();
        return seen.size() == 100 ? null : "saw " + seen.size();
    }

    private String litePullSeek() throws Exception {
        String topic = unique("t");
        fill(topic, 40, "A");
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(unique("g"));
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName(unique("i"));
        consumer.start();
        Collection<MessageQueue> queues = consumer.fetchMessageQueues(topic);
        consumer.assign(queues);
        for (MessageQueue mq : queues) consumer.seek(mq, 5);
        int count = 0;
        long deadline = System.currentTimeMillis() + WAIT_SECONDS * 1000;
        int expected = 40 - 5 * queues.size();
        while (count < expected && System.currentTimeMillis() < deadline) {
            for (MessageExt m : consumer.poll(1000)) {
                if (m.getQueueOffset() < 5) return "offset " + m.getQueueOffset() + " before the seek";
                count++;
            }
        }
        consumer.shutdown();
        return count == expected ? null : "saw " + count + " of " + expected;
    }

    private String queryByKey() throws Exception {
        String topic = unique("t");
        List<SendResult> sent = fill(topic, 10, "A");
        DefaultMQProducer producer = producer();
        long now = System.currentTimeMillis();
        String reason = "not found";
        for (int i = 0; i < 40 && reason != null; i++) {
            try {
                QueryResult result = producer.queryMessage(topic, "k7", 32, now - 600_000, now + 600_000);
                reason = result.getMessageList().size() == 1 && text(result.getMessageList().get(0)).equals("7")
                    ? null : "found " + result.getMessageList();
            } catch (Exception e) {
                reason = e.toString();
                Thread.sleep(100);
            }
        }
        if (reason == null) {
            MessageExt byOffset = producer.viewMessage(topic, sent.get(3).getOffsetMsgId());
            if (!text(byOffset).equals("3")) reason = "by offset id: " + text(byOffset);
            MessageExt byUnique = producer.viewMessage(topic, sent.get(4).getMsgId());
            if (!text(byUnique).equals("4")) reason = "by unique key: " + text(byUnique);
        }
        producer.shutdown();
        return reason;
    }

    private String delayLevel() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        AtomicReference<Long> arrived = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "D");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            arrived.set(System.currentTimeMillis());
            done.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = producer();
        Message m = message(topic, "D", "k", "later");
        m.setDelayTimeLevel(2);
        long start = System.currentTimeMillis();
        producer.send(m);
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        producer.shutdown();
        consumer.shutdown();
        if (!ok) return "not delivered";
        long took = arrived.get() - start;
        return took >= 4900 && took < 9000 ? null : "delivered after " + took + " ms instead of 5000";
    }

    /** Any delivery time; and recall, which clients from 5.3 on have. */
    private String timer() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        Map<String, Long> arrived = new ConcurrentHashMap<>();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "D");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (Message m : msgs) arrived.put(new String(m.getBody()), System.currentTimeMillis());
            if (arrived.containsKey("kept")) done.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = producer();
        long at = System.currentTimeMillis() + 4000;
        Message recalled = message(topic, "D", "k1", "recalled");
        MessageAccessor.putProperty(recalled, "TIMER_DELIVER_MS", String.valueOf(at));
        SendResult result = producer.send(recalled);
        Message kept = message(topic, "D", "k2", "kept");
        MessageAccessor.putProperty(kept, "TIMER_DELIVER_MS", String.valueOf(at));
        producer.send(kept);
        boolean recalls = true;
        try {
            Object handle = result.getClass().getMethod("getRecallHandle").invoke(result);
            Object id = producer.getClass()
                .getMethod("recallMessage", String.class, String.class)
                .invoke(producer, topic, handle);
            if (!id.equals(result.getMsgId())) return "recalled " + id;
        } catch (NoSuchMethodException e) {
            recalls = false;
        }
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        Thread.sleep(1000);
        producer.shutdown();
        consumer.shutdown();
        if (!ok) return "not delivered";
        long late = arrived.get("kept") - at;
        if (late < 0 || late > 3000) return "delivered " + late + " ms after its time";
        return recalls == arrived.containsKey("recalled") ? "recalls: " + recalls + ", but got " + arrived.keySet() : null;
    }

    private String transaction() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        TransactionMQProducer producer = new TransactionMQProducer(unique("p"));
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName(unique("i"));
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message m, Object arg) {
                String body = new String(m.getBody(), StandardCharsets.UTF_8);
                return body.startsWith("commit") ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt m) {
                return LocalTransactionState.COMMIT_MESSAGE;
            }
        });
        producer.start();
        for (int i = 0; i < 10; i++) {
            producer.sendMessageInTransaction(message(topic, "T", "k" + i, (i % 2 == 0 ? "commit" : "rollback") + i), null);
        }
        String reason = consumeAll(topic, new HashSet<>(Arrays.asList("commit0", "commit2", "commit4", "commit6", "commit8")));
        producer.shutdown();
        return reason;
    }

    /**
     * With an explicit queue and a callback: the other forms of request in 5.3.3 give up with no reply as soon as the
     * send is acknowledged, against Apache's broker too (DefaultMQProducerImpl.java#request, onSuccess).
     */
    private String requestReply() throws Exception {
        String topic = unique("t");
        MessageQueue queue = fill(topic, 1, "A").get(0).getMessageQueue();
        DefaultMQProducer replier = producer();
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "R");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) {
                try {
                    Message reply = MessageUtil.createReplyMessage(m, ("re:" + text(m)).getBytes(StandardCharsets.UTF_8));
                    replier.send(reply, 3000);
                } catch (Exception e) {
                    e.printStackTrace();
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        DefaultMQProducer producer = producer();
        CompletableFuture<String> replied = new CompletableFuture<>();
        producer.request(message(topic, "R", "k", "ping"), queue, new RequestCallback() {
            @Override
            public void onSuccess(Message reply) {
                replied.complete(new String(reply.getBody(), StandardCharsets.UTF_8));
            }

            @Override
            public void onException(Throwable e) {
                replied.completeExceptionally(e);
            }
        }, 20_000);
        String body = replied.get(WAIT_SECONDS, TimeUnit.SECONDS);
        producer.shutdown();
        replier.shutdown();
        consumer.shutdown();
        return body.equals("re:ping") ? null : body;
    }

    private String pushSqlFilter() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        DefaultMQProducer producer = producer();
        for (int i = 0; i < 40; i++) {
            Message m = message(topic, "A", "k" + i, Integer.toString(i));
            m.putUserProperty("price", Integer.toString(i));
            producer.send(m);
        }
        producer.shutdown();
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch done = new CountDownLatch(10);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, MessageSelector.bySql("price BETWEEN 10 AND 19 AND TAGS = 'A'"));
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) if (seen.add(text(m))) done.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        consumer.shutdown();
        return ok && seen.size() == 10 ? null : "saw " + seen;
    }

    private String deadLetter() throws Exception {
        String topic = unique("t");
        String group = unique("g");
        fill(topic, 3, "A");
        AtomicInteger calls = new AtomicInteger();
        DefaultMQPushConsumer consumer = consumer(group);
        consumer.subscribe(topic, "*");
        consumer.setMaxReconsumeTimes(1);
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            context.setDelayLevelWhenNextConsume(1);
            calls.addAndGet(msgs.size());
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        consumer.start();
        DefaultLitePullConsumer reader = new DefaultLitePullConsumer(unique("g"));
        reader.setNamesrvAddr(namesrv);
        reader.setInstanceName(unique("i"));
        reader.start();
        Set<String> dead = new HashSet<>();
        Collection<MessageQueue> queues = null;
        long deadline = System.currentTimeMillis() + WAIT_SECONDS * 1000;
        while (dead.size() < 3 && System.currentTimeMillis() < deadline) {
            if (queues == null) {
                try {
                    queues = reader.fetchMessageQueues("%DLQ%" + group);
                    reader.assign(queues);
                    for (MessageQueue queue : queues) reader.seekToBegin(queue);
                } catch (Exception e) {
                    queues = null;
                    Thread.sleep(200);
                    continue;
                }
            }
            for (MessageExt m : reader.poll(500)) {
                if (!topic.equals(m.getProperty("RETRY_TOPIC"))) return "RETRY_TOPIC " + m.getProperty("RETRY_TOPIC");
                dead.add(text(m));
            }
        }
        reader.shutdown();
        consumer.shutdown();
        return dead.size() == 3 && calls.get() == 6 ? null : "dead " + dead + ", calls " + calls;
    }

    private String transactionCheck() throws Exception {
        String topic = unique("t");
        fill(topic, 1, "A");
        AtomicInteger checks = new AtomicInteger();
        TransactionMQProducer producer = new TransactionMQProducer(unique("p"));
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName(unique("i"));
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message m, Object arg) {
                return LocalTransactionState.UNKNOW;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt m) {
                checks.incrementAndGet();
                return text(m).startsWith("commit") ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
            }
        });
        producer.start();
        producer.sendMessageInTransaction(message(topic, "T", "k0", "commit"), null);
        producer.sendMessageInTransaction(message(topic, "T", "k1", "rollback"), null);
        String reason = consumeAll(topic, Collections.singleton("commit"));
        producer.shutdown();
        return reason != null ? reason + ", checks " + checks : null;
    }

    private String trace() throws Exception {
        String topic = unique("t");
        String traceTopic = unique("trace");
        fill(topic, 1, "A");
        fill(traceTopic, 1, "A");
        DefaultMQProducer producer = new DefaultMQProducer(unique("p"), true, traceTopic);
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName(unique("i"));
        producer.start();
        String id = producer.send(message(topic, "A", "k", "traced")).getMsgId();
        AtomicReference<String> found = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(traceTopic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) {
                if (!text(m).contains(id)) continue;
                found.set(m.getKeys());
                done.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean ok = done.await(WAIT_SECONDS, TimeUnit.SECONDS);
        producer.shutdown();
        consumer.shutdown();
        return ok && found.get().contains(id) ? null : "trace keys " + found;
    }

    private String offsetReset() throws Exception {
        String topic = unique("t");
        String group = unique("g");
        fill(topic, 40, "A");
        Map<String, AtomicInteger> seen = new ConcurrentHashMap<>();
        DefaultMQPushConsumer consumer = consumer(group);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) seen.computeIfAbsent(text(m), body -> new AtomicInteger()).incrementAndGet();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        if (!await(() -> seen.size() == 40)) return "consumed " + seen.size() + " of 40 before the reset";
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName(unique("i"));
        admin.start();
        int queues = admin.resetOffsetByTimestamp(topic, group, 0L, true).size();
        boolean again = await(() -> seen.values().stream().allMatch(n -> n.get() >= 2));
        admin.shutdown();
        consumer.shutdown();
        long twice = seen.values().stream().filter(n -> n.get() >= 2).count();
        return again ? null : twice + " of 40 consumed again, " + queues + " queues reset";
    }

    private interface Condition {
        boolean holds();
    }

    private static boolean await(Condition condition) throws InterruptedException {
        long deadline = System.currentTimeMillis() + WAIT_SECONDS * 1000;
        while (!condition.holds()) {
            if (System.currentTimeMillis() > deadline) return false;
            Thread.sleep(50);
        }
        return true;
    }

    /** The topic named by the property interop.topic lies on interop.brokers brokers: all of them send and deliver. */
    private String spread() throws Exception {
        String topic = System.getProperty("interop.topic");
        int brokers = Integer.getInteger("interop.brokers");
        Set<String> written = new HashSet<>();
        for (SendResult r : fill(topic, 400, "A")) written.add(r.getMessageQueue().getBrokerName());
        if (written.size() != brokers) return "sent to " + written;
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Set<String> from = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = consumer(unique("g"));
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (msgs, context) -> {
            for (MessageExt m : msgs) seen.add(text(m));
            from.add(context.getMessageQueue().getBrokerName());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean ok = await(() -> seen.size() >= 400);
        consumer.shutdown();
        return ok && from.size() == brokers ? null : "saw " + seen.size() + " of 400, from " + from;
    }
}
