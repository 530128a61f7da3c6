using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Core.Analysis;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Engine.Analysis;

/// <summary>
/// Reads from the record of a run what an analysis needs, line by line, without making events of them: a thousand runs take a fraction of a second. What is damaged is counted and passed over. Not thread-safe;
/// one reader for each thread.
/// </summary>
internal sealed partial class RunFactsReader(string project, string? pipeline)
{
    private readonly List<JobFacts> _jobs = [];
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _retriedMs = new(StringComparer.Ordinal);
    private readonly List<Range> _starts = [];
    private readonly List<string> _criticalPath = [];
    private Dictionary<string, string> _steps = new(StringComparer.Ordinal);
    private byte[] _stepsSource = [];

    /// <summary>What was damaged in the record read last: lines that are no events, one cut short among them.</summary>
    public int DamagedLines { get; private set; }

    /// <summary>The facts of a run; null where it is of another pipeline, or is no record at all, for which <paramref name="problem"/> gives the reason.</summary>
    /// <param name="id">The run.</param>
    /// <param name="content">Its events.</param>
    /// <param name="isLive">Whether it goes on: then it is left out.</param>
    /// <param name="problem">Why it cannot be read, or null.</param>
    public RunFacts? Read(string id, ReadOnlySpan<byte> content, Func<bool> isLive, out string? problem)
    {
        problem = null;
        DamagedLines = 0;
        _jobs.Clear();
        _retriedMs.Clear();
        _starts.Clear();
        _criticalPath.Clear();
        RunFacts? run = null;
        DateTimeOffset? last = null;
        var isFinished = false;
        for (int start = 0, length; start < content.Length; start += length + 1)
        {
            length = content[start..].IndexOf((byte)'\n');
            if (length < 0)
            {
                DamagedLines++;
                break;
            }

            var line = content.Slice(start, length);
            try
            {
                if (run is null)
                {
                    if (!TypeIs(line, "pipeline.started"u8) || (run = ReadStarted(id, line)) is null)
                    {
                        problem = "it does not begin as a record of a run does";
                        return null;
                    }

                    if (pipeline is not null && !string.Equals(run.Pipeline, pipeline, StringComparison.Ordinal))
                    {
                        return null;
                    }
                }
                else if (TypeIs(line, "step.started"u8))
                {
                    _starts.Add(start..(start + length));
                }
                else if (TypeIs(line, "pipeline.finished"u8))
                {
                    run = ReadFinished(run, line);
                    isFinished = true;
                }
                else if (TypeOf(line) is var type && type.IsEmpty)
                {
                    DamagedLines++;
                }
                else
                {
                    ReadOther(type, line, content, ref last);
                }
            }
            catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
            {
                DamagedLines++;
            }
        }

        if (run is null)
        {
            problem = "it is empty";
            return null;
        }

        if (!isFinished)
        {
            if (isLive())
            {
                return null;
            }

            run = run with { Outcome = RunOutcome.Interrupted, WallMs = last is { } end ? Math.Max(0, (end - run.Started).TotalMilliseconds) : 0 };
        }

        return run with { Jobs = [.. _jobs], CriticalPath = Critical() };
    }

    private void ReadOther(ReadOnlySpan<byte> type, ReadOnlySpan<byte> line, ReadOnlySpan<byte> content, ref DateTimeOffset? last)
    {
        if (type.SequenceEqual("step.completed"u8) || type.SequenceEqual("step.failed"u8) || type.SequenceEqual("step.skipped"u8) || type.SequenceEqual("step.cancelled"u8))
        {
            last = ReadJob(line);
        }
        else if (type.SequenceEqual("step.retrying"u8))
        {
            ReadRetry(line, content);
        }
        else if (type.SequenceEqual("pipeline.extended"u8))
        {
            ReadExtended(line);
        }
    }

    /// <summary>The type that a line begins with, as Cairn writes them; empty where it does not, or does not end as an object.</summary>
    private static ReadOnlySpan<byte> TypeOf(ReadOnlySpan<byte> line)
    {
        var head = "{\"type\":\""u8;
        if (!line.StartsWith(head) || line[^1] != (byte)'}')
        {
            return default;
        }

        var end = line[head.Length..].IndexOf((byte)'"');
        return end < 0 ? default : line.Slice(head.Length, end);
    }

    private static bool TypeIs(ReadOnlySpan<byte> line, ReadOnlySpan<byte> type) => TypeOf(line).SequenceEqual(type);

    private RunFacts? ReadStarted(string id, ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        string? name = null;
        DateTimeOffset? time = null;
        var workers = 1;
        Begin(ref json);
        while (Next(ref json))
        {
            if (Is(ref json, "pipeline"u8))
            {
                name = Text(ref json);
            }
            else if (Is(ref json, "time"u8))
            {
                time = Time(ref json);
            }
            else if (Is(ref json, "max_parallel"u8))
            {
                workers = Math.Max(1, (int)Number(ref json));
            }
            else if (Is(ref json, "jobs"u8))
            {
                ReadJobs(ref json, line);
            }
            else
            {
                json.Skip();
            }
        }

        return name is null || time is not { } started ? null : new RunFacts { Id = id, Project = project, Pipeline = name, Started = started, Workers = workers, Outcome = RunOutcome.Interrupted, WallMs = 0 };
    }

    private void ReadExtended(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        Begin(ref json);
        while (Next(ref json))
        {
            if (Is(ref json, "jobs"u8))
            {
                // The steps of this run alone: the next begins with its own.
                _stepsSource = [];
                _steps = new Dictionary<string, string>(_steps, StringComparer.Ordinal);
                _ = json.Read();
                ReadSteps(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }

    /// <summary>Which step each job is of. Runs of one pipeline mostly have the same jobs: then nothing is read anew.</summary>
    private void ReadJobs(ref Utf8JsonReader json, ReadOnlySpan<byte> line)
    {
        _ = json.Read();
        var from = (int)json.TokenStartIndex;
        var copy = json;
        copy.Skip();
        var source = line[from..(int)copy.BytesConsumed];
        if (source.SequenceEqual(_stepsSource))
        {
            json = copy;
            return;
        }

        _stepsSource = source.ToArray();
        _steps = new Dictionary<string, string>(StringComparer.Ordinal);
        ReadSteps(ref json);
    }

    private void ReadSteps(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException();
        }

        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            string? id = null, step = null;
            while (Next(ref json))
            {
                if (Is(ref json, "id"u8))
                {
                    id = Text(ref json);
                }
                else if (Is(ref json, "step"u8))
                {
                    step = Text(ref json);
                }
                else
                {
                    json.Skip();
                }
            }

            if (id is not null && step is not null)
            {
                _steps[id] = step;
            }
        }
    }

    private DateTimeOffset? ReadJob(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var job = new Draft();
        DateTimeOffset? time = null;
        Begin(ref json);
        while (Next(ref json))
        {
            if (Is(ref json, "time"u8))
            {
                time = Time(ref json);
            }
            else if (Is(ref json, "job"u8))
            {
                job.Id = Text(ref json);
            }
            else if (Is(ref json, "status"u8))
            {
                job.Status = Status(ref json);
            }
            else if (Is(ref json, "attempts"u8))
            {
                job.Attempts = (int)Number(ref json);
            }
            else if (Is(ref json, "duration_ms"u8))
            {
                job.DurationMs = Number(ref json);
            }
            else if (Is(ref json, "resources"u8))
            {
                ReadResources(ref json, ref job);
            }
            else if (Is(ref json, "cache"u8))
            {
                ReadCache(ref json, ref job);
            }
            else
            {
                json.Skip();
            }
        }

        if (job is not { Id: { } id, Status: { } status })
        {
            throw new JsonException();
        }

        _jobs.Add(new JobFacts
        {
            Id = id,
            Step = _steps.GetValueOrDefault(id, id),
            Status = status,
            Attempts = job.Attempts,
            DurationMs = job.DurationMs,
            RetriedMs = _retriedMs.GetValueOrDefault(id),
            CpuMs = job.CpuMs,
            Cache = job.Cache,
            Forced = job.Forced,
            Reason = job.Reason,
            SavedMs = job.SavedMs,
            Action = job.Action,
        });
        return time;
    }

    private struct Draft
    {
        public string? Id;
        public JobStatus? Status;
        public int Attempts;
        public double DurationMs;
        public double CpuMs;
        public CacheState? Cache;
        public bool Forced;
        public string? Reason;
        public double SavedMs;
        public ActionKey? Action;
    }

    private static void ReadResources(ref Utf8JsonReader json, ref Draft job)
    {
        _ = json.Read();
        while (Next(ref json))
        {
            if (Is(ref json, "user_ms"u8) || Is(ref json, "system_ms"u8))
            {
                job.CpuMs += Number(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private void ReadCache(ref Utf8JsonReader json, ref Draft job)
    {
        _ = json.Read();
        while (Next(ref json))
        {
            if (Is(ref json, "state"u8))
            {
                _ = json.Read();
                job.Cache = json.ValueTextEquals("hit"u8) ? CacheState.Hit : json.ValueTextEquals("miss"u8) ? CacheState.Miss : CacheState.Off;
            }
            else if (Is(ref json, "action"u8))
            {
                _ = json.Read();
                job.Action = json.HasValueSequence || json.ValueIsEscaped ? null : ActionKey.TryParse(json.ValueSpan);
            }
            else if (Is(ref json, "reason"u8))
            {
                job.Reason = Text(ref json);
            }
            else if (Is(ref json, "forced"u8))
            {
                _ = json.Read();
                job.Forced = json.GetBoolean();
            }
            else if (Is(ref json, "saved_ms"u8))
            {
                job.SavedMs = Number(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        job.Reason = job.Forced && string.Equals(job.Reason, CacheUse.ForceReason, StringComparison.Ordinal) ? null : job.Reason;
    }

    /// <summary>What an attempt took that another followed: from its start, which stands in a line that is only read now.</summary>
    private void ReadRetry(ReadOnlySpan<byte> line, ReadOnlySpan<byte> content)
    {
        var (job, time, waitMs) = ReadMoment(line);
        for (var i = _starts.Count - 1; i >= 0; i--)
        {
            var (started, at, _) = ReadMoment(content[_starts[i]]);
            if (string.Equals(started, job, StringComparison.Ordinal))
            {
                _retriedMs[job] = _retriedMs.GetValueOrDefault(job) + Math.Max(0, (time - at).TotalMilliseconds) + waitMs;
                return;
            }
        }
    }

    private (string Job, DateTimeOffset Time, double WaitMs) ReadMoment(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        string? job = null;
        DateTimeOffset? time = null;
        var waitMs = 0.0;
        Begin(ref json);
        while (Next(ref json))
        {
            if (Is(ref json, "job"u8))
            {
                job = Text(ref json);
            }
            else if (Is(ref json, "time"u8))
            {
                time = Time(ref json);
            }
            else if (Is(ref json, "wait_ms"u8))
            {
                waitMs = Number(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return job is not null && time is { } at ? (job, at, waitMs) : throw new JsonException();
    }

    private RunFacts ReadFinished(RunFacts run, ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        Begin(ref json);
        while (Next(ref json))
        {
            if (Is(ref json, "status"u8))
            {
                _ = json.Read();
                run = run with { Outcome = json.ValueTextEquals("succeeded"u8) ? RunOutcome.Succeeded : json.ValueTextEquals("failed"u8) ? RunOutcome.Failed : RunOutcome.Cancelled };
            }
            else if (Is(ref json, "duration_ms"u8))
            {
                run = run with { WallMs = Number(ref json) };
            }
            else if (Is(ref json, "critical_path"u8))
            {
                _ = json.Read();
                while (json.Read() && json.TokenType == JsonTokenType.String)
                {
                    _criticalPath.Add(json.GetString()!);
                }
            }
            else
            {
                json.Skip();
            }
        }

        return run;
    }

    private ImmutableArray<int> Critical()
    {
        if (_criticalPath.Count == 0)
        {
            return [];
        }

        var indices = new Dictionary<string, int>(_jobs.Count, StringComparer.Ordinal);
        for (var i = 0; i < _jobs.Count; i++)
        {
            indices[_jobs[i].Id] = i;
        }

        var path = ImmutableArray.CreateBuilder<int>(_criticalPath.Count);
        foreach (var job in _criticalPath)
        {
            if (indices.Remove(job, out var index))
            {
                path.Add(index);
            }
        }

        return path.DrainToImmutable();
    }
}
