package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// pingTimeout is how long the first start looks for a Mesos at the address.
const pingTimeout = 10 * time.Second

// Run runs the deployment until it was stopped (nil), until something ended it for good (an error that says what and
// what to do; *plan.LeftError where a stop left something), or until ctx ends: then tasks stay, the next scheduler takes
// them over, and the error is ctx's.
func Run(ctx context.Context, c Config) (err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if err := c.ping(ctx); err != nil {
		return err // before anything is made
	}
	dir, err := state.Open(c.StateDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	file, err := dir.Load()
	if err != nil {
		return err
	}
	if c.Stop && file.Plan.Framework == "" {
		c.Logger.Info("nothing to stop: no framework is registered", "state", c.StateDir)
		return nil
	}
	if c.Mesos == "" {
		c.Mesos = file.Mesos
	}
	r := &runner{config: c, dir: dir, file: file, stop: make(chan struct{}, 1), asked: make(chan asked), log: c.Logger}
	return r.run(ctx)
}

// run sets up what the loop needs, in the order in which things can go wrong for the operator.
func (r *runner) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.config.Mesos == "" {
		return errors.New("cannot connect to Mesos: no address is given")
	}
	if err := r.namesakes(ctx); err != nil {
		return err
	}
	shipment, err := r.ship(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = shipment.server.Close() }()
	installer := r.newInstaller(ctx, shipment)
	if err := r.tryConfigs(ctx, installer); err != nil {
		return err
	}
	r.plan, err = plan.New(plan.Config{
		Deployment: r.config.Deployment, ExecutorURL: shipment.executorURL, Plugins: shipment.plugins(), Older: shipment.older(),
		Stop: r.config.Stop, NewID: newID, Timing: r.config.Timing,
	}, r.file.Plan, time.Now())
	if err != nil {
		return err
	}
	r.publish()
	if err := installer.resume(r.file.Plan, func(e plan.Event) error { return r.step(ctx, e) }); err != nil {
		return err
	}
	server, err := r.serveAPI(installer)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	r.api = server.URL()
	connection, err := r.connect(ctx, server)
	if err != nil {
		return fmt.Errorf("cannot connect to Mesos at %s: %w", redact.URL(r.config.Mesos), err)
	}
	r.connection = connection
	defer func() { _ = connection.Close() }()
	defer cancel() // of those who still ask something of the loop, before the API that they came by
	return r.loop(ctx)
}

// newID is eight hex characters of a random uuid.
func newID() string { return uuid.NewString()[:8] }

// ping fails a first start at once where there is no Mesos. Later ones wait for it: tasks may be running.
func (c Config) ping(ctx context.Context) error {
	before, err := state.Read(c.StateDir)
	if err != nil || c.Connect != nil || c.Stop || before.Plan.Framework != "" {
		return err
	}
	if c.Mesos == "" {
		c.Mesos = before.Mesos
	}
	if c.Mesos == "" {
		return errors.New("cannot connect to Mesos: no address is given")
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	leader, err := v1.Ping(ctx, c.Mesos)
	if err != nil {
		return err
	}
	c.Logger.Info("found Mesos", "leader", leader)
	return nil
}

func (r *runner) serveAPI(installer *installer) (*api.Server, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	web := r.config.Deployment.Web
	server, err := api.Listen(api.Config{Bind: web.Bind, Host: r.file.Artifacts.Host, Port: web.Port, Token: token, Source: r,
		Installer: installer, Logger: r.log})
	if err != nil {
		return nil, err
	}
	if err := r.dir.SetAPI(server.URL()); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	r.log.Info("the API answers", "url", server.URL())
	return server, nil
}

func (r *runner) connect(ctx context.Context, server *api.Server) (mesos.Scheduler, error) {
	info := r.info()
	info.WebUI = server.PublicURL()
	if r.config.Connect != nil {
		return r.config.Connect(ctx, info)
	}
	// The connection outlives ctx until it is closed, so that its end is ours to order.
	return v1.NewScheduler(context.WithoutCancel(ctx), r.link(info))
}

// info is how the framework introduces itself.
func (r *runner) info() mesos.FrameworkInfo {
	d := r.config.Deployment
	return mesos.FrameworkInfo{
		ID: r.file.Plan.Framework, Name: d.Name, User: d.User, Role: d.Role, Principal: d.Principal, FailoverTimeout: d.FailoverTimeout,
		Labels: map[string]string{"alluxio-mesos.framework": d.Name},
	}
}

// link is where Mesos is, and who we are to it.
func (r *runner) link(info mesos.FrameworkInfo) v1.SchedulerConfig {
	c := v1.SchedulerConfig{Masters: r.config.Mesos, Framework: info, Logger: r.log}
	if d := r.config.Deployment; !d.Secret.IsZero() {
		c.Principal, c.Secret = d.Principal, d.Secret.Reveal()
	}
	return c
}
