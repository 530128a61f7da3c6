using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <summary>How a job ended, as its last event says.</summary>
/// <param name="Job">The job.</param>
/// <param name="Status">Its status.</param>
/// <param name="Cache">What the cache had to do with it: <c>hit</c>, <c>miss</c>, <c>off</c>, or null.</param>
/// <param name="Event">The event.</param>
internal sealed record CacheJob(string Job, string Status, string? Cache, JsonElement Event)
{
    /// <summary>The cache's state where the job succeeded, else how it ended.</summary>
    public string State => Status == "succeeded" ? Cache ?? "unknown" : Status;
}

/// <summary>What <c>cairn run --json</c> told.</summary>
internal sealed class CacheRun
{
    private static readonly string[] Ends = ["step.completed", "step.failed", "step.skipped", "step.cancelled"];

    public CacheRun(ToolResult result)
    {
        Result = result;
        Events = [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        var order = Events.Where(e => Type(e) is "pipeline.started" or "pipeline.extended")
            .SelectMany(e => e.GetProperty("jobs").EnumerateArray()).Select(job => job.GetProperty("id").GetString()!).ToList();
        Jobs = [.. Events.Where(e => Ends.Contains(Type(e))).Select(Job).OrderBy(job => order.IndexOf(job.Job))];
    }

    /// <summary>Exit code and text.</summary>
    public ToolResult Result { get; }

    public ImmutableArray<JsonElement> Events { get; }

    /// <summary>The jobs in the order of the plan.</summary>
    public ImmutableArray<CacheJob> Jobs { get; }

    /// <summary><c>hit miss miss hit</c>: the states in the order of the plan.</summary>
    public string States => string.Join(' ', Jobs.Select(job => job.State));

    /// <summary><c>gen hit, build miss</c>.</summary>
    public string NamedStates => string.Join(", ", Jobs.Select(job => $"{job.Job} {job.State}"));

    /// <summary>The jobs that were executed, sorted.</summary>
    public IEnumerable<string> Executed => Jobs.Where(job => job.Status is "succeeded" or "failed" && job.Cache != "hit").Select(job => job.Job).Order(StringComparer.Ordinal);

    /// <summary>The codes of its warnings.</summary>
    public IEnumerable<string> Warnings => Of("warning").Select(e => e.GetProperty("code").GetString()!);

    public static string Type(JsonElement e) => e.GetProperty("type").GetString()!;

    public IEnumerable<JsonElement> Of(string type) => Events.Where(e => Type(e) == type);

    public CacheJob this[string job] => Jobs.Single(j => j.Job == job);

    /// <summary>The run, which must have ended well.</summary>
    public CacheRun Succeeded()
    {
        Assert.True(Result.ExitCode == 0, Result.ToString());
        return this;
    }

    private static CacheJob Job(JsonElement e)
    {
        var cache = e.TryGetProperty("cache", out var use) ? use.GetProperty("state").GetString() : null;
        return new CacheJob(e.GetProperty("job").GetString()!, e.GetProperty("status").GetString()!, cache, e);
    }
}
