// Apache's Go client in the hands of the scenarios: reads one JSON object a line, {"id", "op", …}, does it beside the
// others, and writes {"id", "value"} or {"id", "error"}. What consumers receive comes as {"client", "message"}. The
// operations and their fields are those of kit/peer.ts.
//
// Usage: agent NAMESRV_ADDR. Ends with its standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const callTimeout = 60 * time.Second

type credentials struct {
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

type outMessage struct {
	Body       string            `json:"body"`
	Tags       string            `json:"tags"`
	Keys       string            `json:"keys"`
	DelayLevel int               `json:"delayLevel"`
	DelayMs    int               `json:"delayMs"`
	Properties map[string]string `json:"properties"`
	Shard      *int              `json:"shard"`
}

type call struct {
	ID             int          `json:"id"`
	Op             string       `json:"op"`
	Client         string       `json:"client"`
	Group          string       `json:"group"`
	Topic          string       `json:"topic"`
	TraceTopic     string       `json:"traceTopic"`
	Credentials    *credentials `json:"credentials"`
	Transactional  bool         `json:"transactional"`
	Mode           string       `json:"mode"`
	Messages       []outMessage `json:"messages"`
	Message        outMessage   `json:"message"`
	TimeoutMs      int64        `json:"timeoutMs"`
	Expression     string       `json:"expression"`
	ExpressionType string       `json:"expressionType"`
	Orderly        bool         `json:"orderly"`
	Broadcasting   bool         `json:"broadcasting"`
	Replies        bool         `json:"replies"`
	// -1: as the client has it.
	MaxReconsumeTimes int    `json:"maxReconsumeTimes"`
	FailTimes         int    `json:"failTimes"`
	FailBody          string `json:"failBody"`
	SeekTo            *int64 `json:"seekTo"`
}

type sentMessage struct {
	Status      string `json:"status"`
	MsgID       string `json:"msgId"`
	OffsetMsgID string `json:"offsetMsgId"`
	BrokerName  string `json:"brokerName"`
	QueueID     int    `json:"queueId"`
	QueueOffset int64  `json:"queueOffset"`
}

type seenMessage struct {
	Body           string            `json:"body"`
	Tags           string            `json:"tags"`
	Keys           string            `json:"keys"`
	Topic          string            `json:"topic"`
	MsgID          string            `json:"msgId"`
	BrokerName     string            `json:"brokerName"`
	QueueID        int               `json:"queueId"`
	QueueOffset    int64             `json:"queueOffset"`
	ReconsumeTimes int32             `json:"reconsumeTimes"`
	Properties     map[string]string `json:"properties"`
	AtMs           int64             `json:"atMs"`
}

type puller struct {
	client rocketmq.PullConsumer
	// Of queues that were assigned, where to go on; nil for a member of the group.
	next map[primitive.MessageQueue]int64
}

type agent struct {
	namesrv      primitive.NamesrvAddr
	out          sync.Mutex
	mutex        sync.Mutex
	producers    map[string]rocketmq.Producer
	transactions map[string]rocketmq.TransactionProducer
	pullers      map[string]*puller
	closers      map[string]func()
}

func main() {
	rlog.SetLogLevel("error")
	rlog.SetOutputPath(os.DevNull)
	a := &agent{
		namesrv:      primitive.NamesrvAddr{os.Args[1]},
		producers:    map[string]rocketmq.Producer{},
		transactions: map[string]rocketmq.TransactionProducer{},
		pullers:      map[string]*puller{},
		closers:      map[string]func(){},
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		c := call{MaxReconsumeTimes: -1}
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go a.answer(&c)
	}
}

func (a *agent) write(object interface{}) {
	line, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	a.out.Lock()
	defer a.out.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

func (a *agent) answer(c *call) {
	defer func() {
		if err := recover(); err != nil {
			a.write(map[string]interface{}{"id": c.ID, "error": fmt.Sprint(err)})
		}
	}()
	value, err := a.run(c)
	if err != nil {
		a.write(map[string]interface{}{"id": c.ID, "error": err.Error()})
		return
	}
	a.write(map[string]interface{}{"id": c.ID, "value": value})
}

func (a *agent) run(c *call) (interface{}, error) {
	switch c.Op {
	case "producer":
		return true, a.producer(c)
	case "send":
		return a.send(c)
	case "request":
		return a.request(c)
	case "consumer":
		return true, a.consumer(c)
	case "puller":
		return true, a.puller(c)
	case "poll":
		return a.poll(c)
	case "commit":
		return true, a.pullerOf(c).client.PersistOffset(context.Background(), c.Topic)
	case "close":
		a.mutex.Lock()
		closer := a.closers[c.Client]
		delete(a.closers, c.Client)
		a.mutex.Unlock()
		if closer != nil {
			closer()
		}
		return true, nil
	}
	return nil, fmt.Errorf("no operation %s", c.Op)
}

func (a *agent) closeLater(name string, closer func()) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.closers[name] = closer
}

// shardSelector sends a message with a sharding key to that queue, and the others to one after the other.
type shardSelector struct {
	others producer.QueueSelector
}

func (s shardSelector) Select(m *primitive.Message, queues []*primitive.MessageQueue, lastBrokerName string) *primitive.MessageQueue {
	var shard int
	if _, err := fmt.Sscan(m.GetShardingKey(), &shard); err != nil {
		return s.others.Select(m, queues, lastBrokerName)
	}
	return queues[shard%len(queues)]
}

func (a *agent) producer(c *call) error {
	options := []producer.Option{
		producer.WithNameServer(a.namesrv),
		producer.WithInstanceName(c.Client),
		producer.WithGroupName(c.Group),
		producer.WithQueueSelector(shardSelector{others: producer.NewRoundRobinQueueSelector()}),
	}
	signer := primitive.Credentials{}
	if c.Credentials != nil {
		signer = primitive.Credentials{AccessKey: c.Credentials.AccessKey, SecretKey: c.Credentials.SecretKey}
		options = append(options, producer.WithCredentials(signer))
	}
	if c.TraceTopic != "" {
		options = append(options, producer.WithTrace(a.traceConfig(c)))
	}
	if c.Transactional {
		p, err := rocketmq.NewTransactionProducer(verdicts{}, options...)
		if err != nil {
			return err
		}
		if err = p.Start(); err != nil {
			return err
		}
		a.mutex.Lock()
		a.transactions[c.Client] = p
		a.mutex.Unlock()
		a.closeLater(c.Client, func() { p.Shutdown() })
		return nil
	}
	p, err := a.startProducer(options)
	if err != nil {
		return err
	}
	a.mutex.Lock()
	a.producers[c.Client] = p
	a.mutex.Unlock()
	a.closeLater(c.Client, func() { p.Shutdown() })
	return nil
}

func (a *agent) startProducer(options []producer.Option) (rocketmq.Producer, error) {
	p, err := rocketmq.NewProducer(options...)
	if err != nil {
		return nil, err
	}
	return p, p.Start()
}

func (a *agent) traceConfig(c *call) *primitive.TraceConfig {
	return &primitive.TraceConfig{TraceTopic: c.TraceTopic, GroupName: c.Group, Access: primitive.Local, NamesrvAddrs: a.namesrv}
}

// verdicts: a body's first word is what executing the transaction comes to, its second what a check does.
type verdicts struct{}

func verdict(body []byte, word int) primitive.LocalTransactionState {
	switch strings.Fields(string(body))[word] {
	case "commit":
		return primitive.CommitMessageState
	case "rollback":
		return primitive.RollbackMessageState
	}
	return primitive.UnknowState
}

func (verdicts) ExecuteLocalTransaction(m *primitive.Message) primitive.LocalTransactionState {
	return verdict(m.Body, 0)
}

func (verdicts) CheckLocalTransaction(m *primitive.MessageExt) primitive.LocalTransactionState {
	return verdict(m.Body, 1)
}

func message(topic string, given outMessage) *primitive.Message {
	m := primitive.NewMessage(topic, []byte(given.Body))
	if given.Tags != "" {
		m.WithTag(given.Tags)
	}
	if given.Keys != "" {
		m.WithKeys(strings.Fields(given.Keys))
	}
	if given.DelayLevel > 0 {
		m.WithDelayTimeLevel(given.DelayLevel)
	}
	if given.DelayMs > 0 {
		m.WithProperty("TIMER_DELAY_MS", fmt.Sprint(given.DelayMs))
	}
	for key, value := range given.Properties {
		m.WithProperty(key, value)
	}
	if given.Shard != nil {
		m.WithShardingKey(fmt.Sprint(*given.Shard))
	}
	return m
}

func sent(result *primitive.SendResult) sentMessage {
	status := map[primitive.SendStatus]string{primitive.SendOK: "SEND_OK"}[result.Status]
	if status == "" {
		status = fmt.Sprint("status ", result.Status)
	}
	return sentMessage{
		Status: status, MsgID: result.MsgID, OffsetMsgID: result.OffsetMsgID,
		BrokerName: result.MessageQueue.BrokerName, QueueID: result.MessageQueue.QueueId, QueueOffset: result.QueueOffset,
	}
}

// send is one after the other, but for mode async. It returns what was acknowledged.
func (a *agent) send(c *call) ([]sentMessage, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	a.mutex.Lock()
	p, transactional := a.producers[c.Client], a.transactions[c.Client]
	a.mutex.Unlock()
	results := []sentMessage{}
	messages := []*primitive.Message{}
	for _, given := range c.Messages {
		messages = append(messages, message(c.Topic, given))
	}
	switch c.Mode {
	case "oneway":
		for _, m := range messages {
			if err := p.SendOneWay(ctx, m); err != nil {
				return nil, err
			}
		}
	case "batch":
		result, err := p.SendSync(ctx, messages...)
		if err != nil {
			return nil, err
		}
		results = append(results, sent(result))
	case "transaction":
		for _, m := range messages {
			result, err := transactional.SendMessageInTransaction(ctx, m)
			if err != nil {
				return nil, err
			}
			results = append(results, sent(result.SendResult))
		}
	case "async":
		type outcome struct {
			result *primitive.SendResult
			err    error
		}
		outcomes := make(chan outcome, len(messages))
		for _, m := range messages {
			err := p.SendAsync(ctx, func(_ context.Context, result *primitive.SendResult, err error) {
				outcomes <- outcome{result, err}
			}, m)
			if err != nil {
				return nil, err
			}
		}
		for range messages {
			select {
			case one := <-outcomes:
				if one.err != nil {
					return nil, one.err
				}
				results = append(results, sent(one.result))
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	default:
		for _, m := range messages {
			result, err := p.SendSync(ctx, m)
			if err != nil {
				return nil, err
			}
			results = append(results, sent(result))
		}
	}
	return results, nil
}

func (a *agent) request(c *call) (string, error) {
	a.mutex.Lock()
	p := a.producers[c.Client]
	a.mutex.Unlock()
	reply, err := p.Request(context.Background(), time.Duration(c.TimeoutMs)*time.Millisecond, message(c.Topic, c.Message))
	if err != nil {
		return "", err
	}
	return string(reply.Body), nil
}

func (a *agent) consumerOptions(c *call) []consumer.Option {
	options := []consumer.Option{
		consumer.WithNameServer(a.namesrv),
		consumer.WithInstance(c.Client),
		consumer.WithGroupName(c.Group),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
		consumer.WithMaxReconsumeTimes(int32(c.MaxReconsumeTimes)),
		consumer.WithConsumerOrder(c.Orderly),
	}
	if c.Broadcasting {
		options = append(options, consumer.WithConsumerModel(consumer.BroadCasting))
	}
	if c.Credentials != nil {
		signer := primitive.Credentials{AccessKey: c.Credentials.AccessKey, SecretKey: c.Credentials.SecretKey}
		options = append(options, consumer.WithCredentials(signer))
	}
	if c.TraceTopic != "" {
		options = append(options, consumer.WithTrace(a.traceConfig(c)))
	}
	return options
}

func (a *agent) consumer(c *call) error {
	push, err := rocketmq.NewPushConsumer(a.consumerOptions(c)...)
	if err != nil {
		return err
	}
	var replier rocketmq.Producer
	if c.Replies {
		replier, err = a.startProducer([]producer.Option{
			producer.WithNameServer(a.namesrv), producer.WithInstanceName(c.Client + "-replier"), producer.WithGroupName(c.Client + "-replier"),
		})
		if err != nil {
			return err
		}
	}
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: c.Expression}
	if c.ExpressionType == "SQL92" {
		selector.Type = consumer.SQL92
	}
	attempts := &attempts{counts: map[string]int{}}
	err = push.Subscribe(c.Topic, selector, func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		fails := false
		for _, m := range messages {
			a.write(map[string]interface{}{"client": c.Client, "message": describe(m)})
			fails = attempts.fails(c, m) || fails
			if replier != nil && m.GetProperty(primitive.PropertyMessageReplyToClient) != "" {
				reply(replier, m)
			}
		}
		if !fails {
			return consumer.ConsumeSuccess, nil
		}
		if c.Orderly {
			if orderly, ok := primitive.GetOrderlyCtx(ctx); ok {
				orderly.SuspendCurrentQueueTimeMillis = 100
			}
			return consumer.SuspendCurrentQueueAMoment, nil
		}
		if concurrent, ok := primitive.GetConcurrentlyCtx(ctx); ok {
			concurrent.DelayLevelWhenNextConsume = 1
		}
		return consumer.ConsumeRetryLater, nil
	})
	if err != nil {
		return err
	}
	if err = push.Start(); err != nil {
		return err
	}
	a.closeLater(c.Client, func() {
		push.Shutdown()
		if replier != nil {
			replier.Shutdown()
		}
	})
	return nil
}

func reply(replier rocketmq.Producer, m *primitive.MessageExt) {
	answer, err := consumer.CreateReplyMessage(m, nil)
	if err == nil {
		// CreateReplyMessage of 2.1.2 reads the body it is given as properties.
		answer.Body = []byte("re:" + string(m.Body))
		_, err = replier.SendSync(context.Background(), answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reply:", err)
	}
}

// attempts counts how often each message was handed over.
type attempts struct {
	mutex  sync.Mutex
	counts map[string]int
}

// fails tells whether this attempt is one of the first failTimes of a message to be failed.
func (t *attempts) fails(c *call, m *primitive.MessageExt) bool {
	if c.FailBody != "" && c.FailBody != string(m.Body) {
		return false
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.counts[m.MsgId]++
	return t.counts[m.MsgId] <= c.FailTimes
}

func describe(m *primitive.MessageExt) seenMessage {
	seen := seenMessage{
		Body: string(m.Body), Tags: m.GetTags(), Keys: m.GetKeys(), Topic: m.Topic, MsgID: m.MsgId,
		QueueOffset: m.QueueOffset, ReconsumeTimes: m.ReconsumeTimes, Properties: m.GetProperties(),
		AtMs: time.Now().UnixMilli(),
	}
	if m.Queue != nil {
		seen.BrokerName, seen.QueueID = m.Queue.BrokerName, m.Queue.QueueId
	}
	return seen
}

// puller with seekTo: all queues of the topic, each from that offset; else as a member of the group.
func (a *agent) puller(c *call) error {
	client, err := rocketmq.NewPullConsumer(a.consumerOptions(c)...)
	if err != nil {
		return err
	}
	if err = client.Subscribe(c.Topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}); err != nil {
		return err
	}
	if err = client.Start(); err != nil {
		return err
	}
	p := &puller{client: client}
	if c.SeekTo != nil {
		asking, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver(a.namesrv)))
		if err != nil {
			return err
		}
		defer asking.Close()
		queues, err := asking.FetchPublishMessageQueues(context.Background(), c.Topic)
		if err != nil {
			return err
		}
		p.next = map[primitive.MessageQueue]int64{}
		for _, queue := range queues {
			p.next[*queue] = *c.SeekTo
		}
	}
	a.mutex.Lock()
	a.pullers[c.Client] = p
	a.mutex.Unlock()
	a.closeLater(c.Client, func() { client.Shutdown() })
	return nil
}

func (a *agent) pullerOf(c *call) *puller {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.pullers[c.Client]
}

func (a *agent) poll(c *call) ([]seenMessage, error) {
	p := a.pullerOf(c)
	seen := []seenMessage{}
	if p.next == nil {
		request, err := p.client.Poll(context.Background(), time.Duration(c.TimeoutMs)*time.Millisecond)
		if consumer.IsNoNewMsgError(err) {
			return seen, nil
		}
		if err != nil {
			return nil, err
		}
		for _, m := range request.GetMsgList() {
			seen = append(seen, describe(m))
		}
		p.client.ACK(context.Background(), request, consumer.ConsumeSuccess)
		return seen, nil
	}
	for queue, offset := range p.next {
		queue := queue
		result, err := p.client.PullFrom(context.Background(), &queue, offset, 32)
		if err != nil {
			return nil, err
		}
		for _, m := range result.GetMessageExts() {
			seen = append(seen, describe(m))
		}
		p.next[queue] = result.NextBeginOffset
	}
	return seen, nil
}
