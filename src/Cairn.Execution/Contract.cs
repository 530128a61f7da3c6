using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Execution.Sandbox;

namespace Cairn.Execution;

/// <summary>A command to execute.</summary>
public sealed record ProcessSpec
{
    /// <summary>The program (looked up in the spec's own <c>PATH</c> where it has no slash) and its arguments.</summary>
    public required ImmutableArray<string> Arguments { get; init; }

    /// <summary>The whole environment, nothing is inherited.</summary>
    public required ImmutableArray<KeyValuePair<string, string>> Environment { get; init; }

    /// <summary>The folder, absolute.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>A file that is its standard input; null for an empty one, which is all that a sandbox has.</summary>
    public string? InputPath { get; init; }

    /// <summary>Where output goes byte by byte after redaction; created at the first byte. Null to keep none.</summary>
    public string? LogPath { get; init; }

    /// <summary>The sidecar index beside it; see <c>docs/formats/log-index.md</c>.</summary>
    public string? IndexPath { get; init; }

    /// <summary>The sandbox in which it runs: folder, program and environment are as they are there. Null for none.</summary>
    public SandboxPlace? Place { get; init; }

    /// <summary>Values to mask, UTF-8; empty for none.</summary>
    public ImmutableArray<string> Secrets { get; init; } = [];
}

/// <summary>How a process ended.</summary>
public sealed record ProcessResult
{
    /// <summary>The exit code, or null where a signal ended it or it could not start.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The signal that ended it, or null.</summary>
    public int? Signal { get; init; }

    /// <summary>Why it could not start (<c>`ninja` was not found in PATH</c>), or null.</summary>
    public string? StartError { get; init; }

    /// <summary>What it used.</summary>
    public required ResourceUse Resources { get; init; }

    /// <summary>Bytes in the log.</summary>
    public long LogBytes { get; init; }

    /// <summary>Processes that outlived it and were killed.</summary>
    public int StraysKilled { get; init; }

    /// <summary>Why the log could not be written in full (a full disk), or null.</summary>
    public string? LogError { get; init; }
}
