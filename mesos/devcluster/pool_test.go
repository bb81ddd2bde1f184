package devcluster

import (
	"testing"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

func agentPool(t *testing.T, in ...mesos.Resource) pool {
	t.Helper()
	p, err := poolOfConfig(in)
	require.NoError(t, err)
	return p
}

func ports(spans ...uint64) mesos.Resource {
	r := mesos.Resource{Name: "ports"}
	for i := 0; i < len(spans); i += 2 {
		r.Ranges = append(r.Ranges, mesos.Range{Begin: spans[i], End: spans[i+1]})
	}
	return r
}

func cpus(n float64, role ...string) mesos.Resource {
	r := mesos.Resource{Name: "cpus", Scalar: n}
	for _, one := range role {
		r.Reservations = append(r.Reservations, mesos.Reservation{Role: one})
	}
	return r
}

func TestPoolArithmetic(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name     string
		from     pool
		take     pool
		contains bool
		left     string
	}{
		{"scalars in thousandths", agentPool(t, cpus(1)), agentPool(t, cpus(0.1), cpus(0.2)), true, "cpus(allocated: *):0.7"},
		{"all", agentPool(t, cpus(1)), agentPool(t, cpus(1)), true, ""},
		{"too much", agentPool(t, cpus(1)), agentPool(t, cpus(1.001)), false, ""},
		{"middle of a range", agentPool(t, ports(1, 10)), agentPool(t, ports(4, 5)), true, "ports(allocated: *):[1-3, 6-10]"},
		{"ends of a range", agentPool(t, ports(1, 10)), agentPool(t, ports(1, 2, 10, 10)), true, "ports(allocated: *):[3-9]"},
		{"across ranges that touch", agentPool(t, ports(1, 4, 5, 9)), agentPool(t, ports(3, 6)), true, "ports(allocated: *):[1-2, 7-9]"},
		{"beyond a range", agentPool(t, ports(1, 10)), agentPool(t, ports(10, 11)), false, "ports(allocated: *):[1-9]"},
		{"not the reserved", agentPool(t, cpus(1), cpus(3, "r")), agentPool(t, cpus(2)), false, "cpus(allocated: *)(reservations: [(r)]):3"},
		{"the reserved", agentPool(t, cpus(1), cpus(3, "r")), agentPool(t, cpus(2, "r")), true, "cpus(allocated: *):1; cpus(allocated: *)(reservations: [(r)]):1"},
	} {
		require.Equal(t, one.contains, one.from.contains(one.take), one.name)
		require.Equal(t, one.left, one.from.minus(one.take).describe("*"), one.name)
		if one.contains {
			back := one.from.minus(one.take).plus(one.take)
			require.True(t, back.contains(one.from) && one.from.contains(back), one.name)
		}
	}
}

func TestPoolOverTheWire(t *testing.T) {
	t.Parallel()
	p := agentPool(t, cpus(1.5), cpus(2, "a", "a/b"), ports(1, 2, 5, 5))
	p[kind{name: "mem", role: "*"}] = amount{scalar: 64000}
	back, err := poolOf(p.resources("a/b", true))
	require.NoError(t, err)
	require.Equal(t, p, back)

	reserved := agentPool(t, cpus(2, "a"))
	old := reserved.resources("a", false)
	require.Equal(t, "a", old[0].GetRole())
	require.Empty(t, old[0].Reservations)
	back, err = poolOf(old)
	require.NoError(t, err)
	require.Equal(t, reserved, back)
}

func TestPoolForRole(t *testing.T) {
	t.Parallel()
	p := agentPool(t, cpus(1), cpus(2, "a"), cpus(3, "b"))
	require.EqualValues(t, 3000, p.forRole("a").scalar("cpus"))
	require.EqualValues(t, 1000, p.forRole("*").scalar("cpus"))
	require.False(t, agentPool(t, cpus(0.001), ports(1, 9)).allocatable())
	require.True(t, agentPool(t, cpus(0.01)).allocatable())
}

func TestPoolRefuses(t *testing.T) {
	t.Parallel()
	scalar := func(v float64) wire.Resource {
		return wire.Resource{Name: "x", Type: wire.SCALAR.Enum(), Scalar: &wire.Value_Scalar{Value: v}}
	}
	volume := scalar(1)
	volume.Disk = &wire.Resource_DiskInfo{}
	for _, bad := range []wire.Resource{
		scalar(-1), volume,
		{Name: "x", Type: wire.SET.Enum()},
		{Name: "x", Type: wire.RANGES.Enum(), Ranges: &wire.Value_Ranges{Range: []wire.Value_Range{{Begin: 2, End: 1}}}},
	} {
		_, err := poolOf([]wire.Resource{bad})
		require.ErrorContains(t, err, "Invalid resource x: ")
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	p, err := parseStat("12 (a) b (c) S 3 12 11 0 -1")
	require.NoError(t, err)
	require.Equal(t, processEntry{pid: 12, parent: 3, session: 11}, p)
	p, err = parseStat("12 (x) Z 3 12 11 0 -1")
	require.NoError(t, err)
	require.True(t, p.dead)
	for _, bad := range []string{"", "12", "12 (x", ") 12 (", "12 (x) S 3"} {
		_, err := parseStat(bad)
		require.Error(t, err, bad)
	}
}

func TestMesosDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		15 * time.Minute: "15mins", 90 * time.Second: "90secs", 2 * time.Second: "2secs", 14 * 24 * time.Hour: "2weeks", 1500 * time.Millisecond: "1500ms", 7: "7ns",
	} {
		require.Equal(t, want, mesosDuration(d))
	}
}

func TestSameExecutor(t *testing.T) {
	t.Parallel()
	make := func(change func(*wire.ExecutorInfo)) *wire.ExecutorInfo {
		e := &wire.ExecutorInfo{
			ExecutorID: wire.ExecutorID{Value: "e"},
			Resources:  agentPool(t, cpus(1), ports(1, 2)).resources("*", true),
			Command: &wire.CommandInfo{
				Value: ptr("x"), URIs: []wire.CommandInfo_URI{{Value: "u"}, {Value: "v"}},
				Environment: &wire.Environment{Variables: []wire.Environment_Variable{{Name: "A"}, {Name: "B"}}},
			},
		}
		change(e)
		return e
	}
	first := make(func(*wire.ExecutorInfo) {})
	for name, same := range map[string]func(*wire.ExecutorInfo){
		"nothing": func(*wire.ExecutorInfo) {},
		"labels":  func(e *wire.ExecutorInfo) { e.Labels = &wire.Labels{Labels: []wire.Label{{Key: "k"}}} },
		"grace":   func(e *wire.ExecutorInfo) { e.ShutdownGracePeriod = &wire.DurationInfo{Nanoseconds: 1} },
		"order": func(e *wire.ExecutorInfo) {
			e.Resources[0], e.Resources[1] = e.Resources[1], e.Resources[0]
			e.Command.URIs[0], e.Command.URIs[1] = e.Command.URIs[1], e.Command.URIs[0]
			v := e.Command.Environment.Variables
			v[0], v[1] = v[1], v[0]
		},
	} {
		require.True(t, sameExecutor(first, make(same)), name)
	}
	for name, other := range map[string]func(*wire.ExecutorInfo){
		"command":   func(e *wire.ExecutorInfo) { e.Command.Value = ptr("y") },
		"uri":       func(e *wire.ExecutorInfo) { e.Command.URIs[0].Value = "w" },
		"variable":  func(e *wire.ExecutorInfo) { e.Command.Environment.Variables[0].Value = ptr("1") },
		"resources": func(e *wire.ExecutorInfo) { e.Resources = nil },
		"data":      func(e *wire.ExecutorInfo) { e.Data = []byte("d") },
	} {
		require.False(t, sameExecutor(first, make(other)), name)
	}
}
