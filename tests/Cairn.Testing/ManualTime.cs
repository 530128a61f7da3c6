namespace Cairn.Testing;

/// <summary>A clock that stands still until a test moves it, with the timers that hang on it.</summary>
public sealed class ManualTime(DateTimeOffset now) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers are set: a test that moves the clock waits for the one that it is to fire.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>The times from now until the timers that are set, the shortest first.</summary>
    public IReadOnlyList<TimeSpan> Due
    {
        get
        {
            lock (_gate)
            {
                return [.. _timers.Select(t => t.At - _now).Order()];
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock, and fires what is due.</summary>
    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_gate)
        {
            _now += by;
            due = _timers.FindAll(t => t.At <= _now);
            foreach (var timer in due)
            {
                timer.Rearm(_now);
            }

            _timers.RemoveAll(static t => !t.IsSet);
        }

        foreach (var timer in due)
        {
            timer.Fire();
        }
    }

    private sealed class ManualTimer(ManualTime owner, Action fire) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset At { get; private set; }

        public bool IsSet { get; private set; }

        public void Fire() => fire();

        public void Rearm(DateTimeOffset now)
        {
            IsSet = _period > TimeSpan.Zero;
            At = now + (IsSet ? _period : TimeSpan.Zero);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                owner._timers.Remove(this);
                _period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                IsSet = dueTime != Timeout.InfiniteTimeSpan;
                if (IsSet)
                {
                    At = owner._now + dueTime;
                    owner._timers.Add(this);
                }
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
