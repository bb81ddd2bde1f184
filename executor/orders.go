package executor

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// orderContract is the version of the orders that this executor understands.
const orderContract = 1

const (
	// swapLimit bounds a swap: the download of a large plugin, and its start.
	swapLimit = 10 * time.Minute
	// sayLimit bounds the sending of an answer. One that gets lost is asked for again.
	sayLimit = 10 * time.Second
	// answersKept is for how many orders the answer is known by heart.
	answersKept = 32
)

// orders are what the scheduler told this executor beside its tasks. They are carried out one at a time and in the order
// in which they came, since a later swap must win; each once, however often it comes, and answered as often as it comes.
// All of it belongs to the loop but the goroutines, which end with ctx.
type orders struct {
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
	waiting  []*launchv1.Order // the first is being carried out
	answered []*launchv1.Answer
	done     chan *launchv1.Answer
	notices  chan string // of the plugin host
}

func newOrders() *orders {
	o := &orders{done: make(chan *launchv1.Answer), notices: make(chan string, 16)}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	return o
}

// close ends what is under way, and waits for it.
func (o *orders) close() {
	o.cancel()
	o.running.Wait()
}

// answer to an order that was carried out before, or nil.
func (o *orders) answer(id string) *launchv1.Answer {
	for _, a := range o.answered {
		if a.GetId() == id {
			return a
		}
	}
	return nil
}

func (o *orders) waits(id string) bool {
	for _, order := range o.waiting {
		if order.GetId() == id {
			return true
		}
	}
	return false
}

// ordered takes a message of the scheduler. What it does not know may be for executors that are newer.
func (e *executor) ordered(data []byte) {
	order := &launchv1.Order{}
	if err := proto.Unmarshal(data, order); err != nil || order.GetContract() != orderContract || order.GetSwap() == nil {
		e.log.Warn("a message of the scheduler is ignored: this executor does not know what it means", "bytes", len(data))
		return
	}
	known := e.orders.answer(order.GetId())
	switch {
	case known != nil:
		e.say(known)
	case e.orders.waits(order.GetId()):
	default:
		e.orders.waiting = append(e.orders.waiting, order)
		if len(e.orders.waiting) == 1 {
			e.swapNext()
		}
	}
}

// swapNext carries out the order that has waited longest.
func (e *executor) swapNext() {
	if len(e.orders.waiting) == 0 {
		return
	}
	order := e.orders.waiting[0]
	box := e.host.Load()
	e.orders.running.Go(func() {
		ctx, cancel := context.WithTimeout(e.orders.ctx, swapLimit)
		defer cancel()
		answer := swap(ctx, box, order)
		select {
		case e.orders.done <- answer:
		case <-e.over:
		}
	})
}

// swap asks the plugin host. Tasks and fetches go on meanwhile, on the older plugins.
func swap(ctx context.Context, box *hostBox, order *launchv1.Order) *launchv1.Answer {
	answer := &launchv1.Answer{Contract: orderContract, Id: order.GetId()}
	newer := shipped(order.GetSwap().GetPlugins())
	if box == nil {
		for _, p := range newer {
			answer.Swapped = append(answer.Swapped, &launchv1.Swapped{Kind: p.Kind, Name: p.Name,
				Error: "no task was accepted here yet, so nothing can be tried; the next one brings the plugin"})
		}
		return answer
	}
	for _, one := range box.Swap(ctx, newer) {
		said := &launchv1.Swapped{Kind: one.Kind, Name: one.Name, From: one.From, To: one.To, Version: short(one.Version, maxLine)}
		if one.Err != nil {
			said.Error = short(one.Err.Error(), maxMessage)
		}
		answer.Swapped = append(answer.Swapped, said)
	}
	answer.Plugins = box.Digests()
	return answer
}

// swapped tells what became of an order, and goes on with the next.
func (e *executor) swapped(answer *launchv1.Answer) {
	for _, one := range answer.GetSwapped() {
		log := e.log.With("plugin", one.GetKind()+"-"+one.GetName(), "from", one.GetFrom(), "to", one.GetTo())
		if one.GetError() != "" {
			log.Error("a plugin was not swapped", "order", answer.GetId(), "error", one.GetError())
			continue
		}
		log.Info("a plugin was swapped", "order", answer.GetId(), "version", one.GetVersion())
	}
	o := e.orders
	o.waiting = o.waiting[1:]
	o.answered = append(o.answered, answer)
	o.answered = o.answered[max(0, len(o.answered)-answersKept):]
	e.say(answer)
	e.swapNext()
}

// say sends an answer to the scheduler, which asks again where it does not arrive.
func (e *executor) say(answer *launchv1.Answer) {
	data, err := proto.Marshal(answer)
	if err != nil {
		e.log.Error("cannot write an answer to the scheduler", "order", answer.GetId(), "error", err)
		return
	}
	e.orders.running.Go(func() {
		ctx, cancel := context.WithTimeout(e.orders.ctx, sayLimit)
		defer cancel()
		if err := e.cfg.Mesos.Message(ctx, data); err != nil && e.orders.ctx.Err() == nil {
			e.log.Warn("an answer was not sent", "order", answer.GetId(), "error", err)
		}
	})
}

// notice is called by the plugin host, from any goroutine, and must not wait.
func (e *executor) notice(text string) {
	select {
	case e.orders.notices <- text:
	default:
	}
}

// noticed logs what the plugin host has to say, and tells the scheduler which plugins are used now.
func (e *executor) noticed(text string) {
	e.log.Warn("plugins: " + text)
	if digests := e.digests(); len(digests) > 0 {
		e.say(&launchv1.Answer{Contract: orderContract, Plugins: digests})
	}
}

func shipped(plugins []*launchv1.Plugin) []host.Plugin {
	var all []host.Plugin
	for _, p := range plugins {
		all = append(all, host.Plugin{
			Kind: p.GetKind(), Name: p.GetName(), SHA256: p.GetSha256(), URL: p.GetUrl(), Size: p.GetSize(), Config: p.GetConfig(),
		})
	}
	return all
}
