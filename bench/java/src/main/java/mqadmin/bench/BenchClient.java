package mqadmin.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Load of Apache's Java client, steered line by line from standard input, so that one warm JVM loads all brokers.
 *
 * A line is `produce`, `consume` or `both`, then name=value pairs; the answer is one line of JSON. The knobs are those
 * of the `Producer` and `Consumer` of rocketmq-example, whose jar is not published.
 */
public final class BenchClient {
    /** Answers go here; whatever the client library prints goes to standard error. */
    private static final PrintStream OUT = System.out;
    private static int serial = 0;

    public static void main(String[] args) throws Exception {
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.trim().split(" ");
            Map<String, String> knobs = new HashMap<>();
            for (String word : Arrays.asList(words).subList(1, words.length)) {
                int at = word.indexOf('=');
                knobs.put(word.substring(0, at), word.substring(at + 1));
            }
            try {
                OUT.println(run(words[0], new Knobs(knobs)));
            } catch (Exception error) {
                error.printStackTrace();
                OUT.println("{\"error\":\"" + String.valueOf(error).replaceAll("[^ -~]|[\"\\\\]", " ") + "\"}");
            }
            OUT.flush();
        }
        System.exit(0);
    }

    private static String run(String command, Knobs knobs) throws Exception {
        switch (command) {
            case "produce":
                return produce(knobs).toString();
            case "consume":
                return consume(knobs, null);
            case "both":
                return consume(knobs, knobs);
            default:
                throw new IllegalArgumentException(command);
        }
    }

    private static Result produce(Knobs knobs) throws Exception {
        Load load = new Load(knobs);
        load.start();
        Result result = load.measure();
        load.stop();
        return result;
    }

    /** Consumes a backlog of `messages`, or for `seconds` what `producing` sends meanwhile. */
    private static String consume(Knobs knobs, Knobs producing) throws Exception {
        Result result = new Result();
        long backlog = knobs.number("messages", 0);
        CountDownLatch done = new CountDownLatch(1);
        AtomicLong seen = new AtomicLong();
        AtomicLong firstNanos = new AtomicLong();
        AtomicLong lastNanos = new AtomicLong();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(knobs.text("group"));
        consumer.setNamesrvAddr(knobs.text("namesrv"));
        consumer.setInstanceName("bench-c-" + serial++);
        int threads = (int) knobs.number("consumeThreads", 20);
        consumer.setConsumeThreadMin(threads);
        consumer.setConsumeThreadMax(threads);
        consumer.setPullBatchSize((int) knobs.number("pullBatch", 32));
        consumer.setConsumeMessageBatchMaxSize((int) knobs.number("consumeBatch", 1));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(knobs.text("topic"), knobs.text("tag", "*"));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            long now = System.nanoTime();
            for (MessageExt message : messages) {
                if (backlog == 0 && result.isCounting) {
                    result.count.increment();
                    result.latency.add(now - ByteBuffer.wrap(message.getBody()).getLong());
                }
            }
            long total = seen.addAndGet(messages.size());
            firstNanos.compareAndSet(0, now);
            if (backlog > 0 && total >= backlog) {
                lastNanos.compareAndSet(0, now);
                done.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        try {
            if (producing == null) {
                if (!done.await(knobs.number("timeoutSeconds", 300), TimeUnit.SECONDS)) {
                    throw new IllegalStateException("consumed " + seen.get() + " of " + backlog + " messages in time");
                }
                result.seconds = (lastNanos.get() - firstNanos.get()) / 1e9;
                result.count.add(seen.get());
                result.total = seen.get();
                return result.toString();
            }
            // The consumer has to have its queues before the first message counts.
            Thread.sleep(500);
            Load load = new Load(producing);
            load.start();
            load.warmUp();
            result.isCounting = true;
            Result sent = load.count();
            result.isCounting = false;
            result.seconds = sent.seconds;
            load.stop();
            result.errors.add(sent.errors.sum());
            result.total = sent.total;
            result.sentPerSecond = sent.count.sum() / sent.seconds;
            return result.toString();
        } finally {
            consumer.shutdown();
        }
    }

    /** Producer threads, or one thread with callbacks. */
    private static final class Load {
        final Knobs knobs;
        final Result result = new Result();
        final DefaultMQProducer producer;
        final List<Thread> threads = new ArrayList<>();
        final byte[] filler;
        final boolean isAsync;
        final int batch;
        final String topic;
        final long intervalNanos;
        final Semaphore inFlight;
        final LongAdder all = new LongAdder();
        volatile boolean isOver = false;

        Load(Knobs knobs) {
            this.knobs = knobs;
            isAsync = knobs.text("mode", "sync").equals("async");
            batch = (int) knobs.number("batch", 1);
            topic = knobs.text("topic");
            long rate = knobs.number("rate", 0);
            intervalNanos = rate == 0 ? 0 : 1_000_000_000L / rate;
            inFlight = new Semaphore((int) knobs.number("inFlight", 1));
            filler = new byte[(int) knobs.number("bodyBytes", 128)];
            Arrays.fill(filler, (byte) 'x');
            producer = new DefaultMQProducer("bench-producer");
            producer.setNamesrvAddr(knobs.text("namesrv"));
            producer.setInstanceName("bench-p-" + serial++);
            producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
            producer.setSendMsgTimeout(10_000);
            producer.setRetryTimesWhenSendFailed(0);
            producer.setRetryTimesWhenSendAsyncFailed(0);
        }

        void start() throws Exception {
            producer.start();
            int count = isAsync ? 1 : (int) knobs.number("inFlight", 1);
            for (int i = 0; i < count; i++) {
                Thread thread = new Thread(isAsync ? this::sendAsync : this::sendSync, "bench-send-" + i);
                threads.add(thread);
                thread.start();
            }
        }

        void warmUp() throws InterruptedException {
            Thread.sleep(knobs.number("warmupMs", 500));
        }

        Result count() throws InterruptedException {
            long began = System.nanoTime();
            result.isCounting = true;
            Thread.sleep(knobs.number("seconds", 3) * 1000);
            result.isCounting = false;
            result.seconds = (System.nanoTime() - began) / 1e9;
            result.total = all.sum();
            return result;
        }

        Result measure() throws InterruptedException {
            warmUp();
            return count();
        }

        void stop() throws InterruptedException {
            isOver = true;
            for (Thread thread : threads) thread.join();
            inFlight.acquire((int) knobs.number("inFlight", 1));
            result.total = all.sum();
            producer.shutdown();
        }

        Message message() {
            byte[] body = filler.clone();
            ByteBuffer.wrap(body).putLong(System.nanoTime());
            return new Message(topic, body);
        }

        void sendSync() {
            long due = System.nanoTime();
            while (!isOver) {
                due = pace(due);
                long began = System.nanoTime();
                try {
                    SendResult sent;
                    if (batch == 1) sent = producer.send(message());
                    else {
                        List<Message> messages = new ArrayList<>(batch);
                        for (int i = 0; i < batch; i++) messages.add(message());
                        sent = producer.send(messages);
                    }
                    done(began, sent.getSendStatus() == SendStatus.SEND_OK);
                } catch (Exception error) {
                    failed(error);
                }
            }
        }

        void sendAsync() {
            long due = System.nanoTime();
            while (!isOver) {
                due = pace(due);
                inFlight.acquireUninterruptibly();
                long began = System.nanoTime();
                try {
                    producer.send(message(), new SendCallback() {
                        @Override
                        public void onSuccess(SendResult sent) {
                            inFlight.release();
                            done(began, sent.getSendStatus() == SendStatus.SEND_OK);
                        }

                        @Override
                        public void onException(Throwable error) {
                            inFlight.release();
                            failed(error);
                        }
                    });
                } catch (Exception error) {
                    inFlight.release();
                    failed(error);
                }
            }
        }

        /** Waits for the time of the next send at a fixed rate; a late one is not made up for. */
        long pace(long due) {
            if (intervalNanos == 0) return due;
            for (long now = System.nanoTime(); now < due; now = System.nanoTime()) LockSupport.parkNanos(due - now);
            return Math.max(due + intervalNanos, System.nanoTime() - 1_000_000_000L);
        }

        void done(long began, boolean isOk) {
            all.add(batch);
            if (!result.isCounting) return;
            if (!isOk) result.errors.increment();
            result.count.add(batch);
            result.latency.add(System.nanoTime() - began);
        }

        void failed(Throwable error) {
            error.printStackTrace();
            if (result.isCounting) result.errors.increment();
        }
    }

    /** What a run counted. */
    private static final class Result {
        final LongAdder count = new LongAdder();
        final LongAdder errors = new LongAdder();
        final Histogram latency = new Histogram();
        volatile boolean isCounting = false;
        volatile double seconds = 0;
        /** Messages of the whole run, warm-up included. */
        volatile long total = 0;
        double sentPerSecond = 0;

        @Override
        public String toString() {
            return String.format(Locale.ROOT,
                "{\"messages\":%d,\"total\":%d,\"seconds\":%.4f,\"perSecond\":%.1f,\"sentPerSecond\":%.1f,\"errors\":%d,"
                    + "\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"p999Ms\":%.4f}",
                count.sum(), total, seconds, seconds > 0 ? count.sum() / seconds : 0, sentPerSecond, errors.sum(),
                latency.millisAt(0.5), latency.millisAt(0.99), latency.millisAt(0.999));
        }
    }

    /** Nanoseconds in buckets that are at most 1/32 wide of their value. */
    private static final class Histogram {
        private static final int SUB_BITS = 5;
        private final AtomicLongArray counts = new AtomicLongArray(64 << SUB_BITS);

        void add(long nanos) {
            long value = Math.max(1 << SUB_BITS, nanos);
            int shift = 63 - Long.numberOfLeadingZeros(value) - SUB_BITS;
            counts.incrementAndGet((shift << SUB_BITS) + (int) (value >>> shift) - (1 << SUB_BITS));
        }

        double millisAt(double share) {
            long sum = 0;
            for (int i = 0; i < counts.length(); i++) sum += counts.get(i);
            long wanted = (long) Math.ceil(sum * share);
            long passed = 0;
            for (int i = 0; i < counts.length(); i++) {
                passed += counts.get(i);
                if (passed >= wanted && passed > 0) {
                    int shift = i >> SUB_BITS;
                    return ((((long) (i & 31) + 32) << shift) + (1L << shift) / 2.0) / 1e6;
                }
            }
            return 0;
        }
    }

    private static final class Knobs {
        private final Map<String, String> values;

        Knobs(Map<String, String> values) {
            this.values = Collections.unmodifiableMap(values);
        }

        String text(String name) {
            String value = values.get(name);
            if (value == null) throw new IllegalArgumentException(name + " is missing");
            return value;
        }

        String text(String name, String otherwise) {
            return values.getOrDefault(name, otherwise);
        }

        long number(String name, long otherwise) {
            return values.containsKey(name) ? Long.parseLong(values.get(name)) : otherwise;
        }
    }
}
