namespace Cairn.Core.Language.Model;

/// <summary>What is hidden from a step so that its outputs are the same whenever and wherever it runs: <c>deterministic</c>.</summary>
public sealed record Determinism
{
    /// <summary>What <c>deterministic: true</c> means.</summary>
    public static Determinism Default { get; } = new();

    /// <summary>How many processors it sees; null for those there are.</summary>
    public int? Cpus { get; init; }

    /// <summary>Whether its clock stands still.</summary>
    public bool FakeTime { get; init; }
}
