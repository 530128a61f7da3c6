using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Core.Actions;

/// <summary>
/// What a job executes, as far as its result depends on it. Its digest is the key of the action cache. Left out on purpose: the timeout, the
/// values of secrets, the paths and ids that Cairn hands to the step as <c>CAIRN_*</c>, and where the project stands.
/// </summary>
public sealed record ActionDescription
{
    /// <summary>The program and its arguments; a script is the last one.</summary>
    public required ImmutableArray<string> Arguments { get; init; }

    /// <summary>The variables that the step sees, sorted by the bytes of their names, without <c>CAIRN_*</c> and without those that hold secrets.</summary>
    public required ImmutableArray<KeyValuePair<string, string>> Environment { get; init; }

    /// <summary>The folder it starts in, relative to the project; empty for the project's own.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>The declared outputs as they are written in the pipeline, exclusions with their <c>!</c>, in their order.</summary>
    public ImmutableArray<string> Outputs { get; init; } = [];

    /// <summary>
    /// What else it depends on, by name, sorted by the bytes of the names: <c>os</c>, <c>arch</c>, <c>isolation</c>, <c>network</c>, <c>host</c>,
    /// <c>key-extra</c>, <c>cpus</c>, <c>secret:VARIABLE</c> with the secret's name, <c>service:NAME</c> with the digest of its definition.
    /// </summary>
    public ImmutableArray<KeyValuePair<string, string>> Platform { get; init; } = [];

    /// <summary>The tree of its inputs: source files, and the outputs of the steps it needs.</summary>
    public required Digest InputRoot { get; init; }
}

/// <summary>The encoded form of an action.</summary>
/// <param name="Digest">The digest of <paramref name="Action"/>: the action digest.</param>
/// <param name="Action">A canonical REAPI <c>Action</c>.</param>
/// <param name="CommandDigest">The digest of <paramref name="Command"/>.</param>
/// <param name="Command">A canonical REAPI <c>Command</c>.</param>
public sealed record EncodedAction(Digest Digest, ImmutableArray<byte> Action, Digest CommandDigest, ImmutableArray<byte> Command);
