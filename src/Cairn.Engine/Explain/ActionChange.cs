using System.Collections.Immutable;

namespace Cairn.Engine.Explain;

/// <summary>Which part of an action changed.</summary>
public enum ChangeKind
{
    /// <summary>An input file or link.</summary>
    File,

    /// <summary>An argument of the command; a script is the last one.</summary>
    Argument,

    /// <summary>A variable.</summary>
    Variable,

    /// <summary>A property of the platform: <c>os</c>, <c>host</c>, <c>key-extra</c>, …</summary>
    Platform,

    /// <summary>The declared outputs.</summary>
    Outputs,

    /// <summary>The folder it starts in.</summary>
    WorkingDirectory,
}

/// <summary>One difference between two actions.</summary>
/// <param name="Kind">Which part.</param>
/// <param name="Name">The path, the variable's or property's name, the argument's place from 1; empty where the part is one.</param>
/// <param name="Before">What it was; null where it was not there. Of a file its digest, <c>executable</c> or <c>link to</c> where that matters.</param>
/// <param name="After">What it is; null where it is gone.</param>
public sealed record ActionChange(ChangeKind Kind, string Name, string? Before, string? After)
{
    /// <summary>Of a file: the job whose outputs it is one of; null for a source file.</summary>
    public string? MadeBy { get; init; }
}

/// <summary>The actions of a project's runs, by their digests.</summary>
public interface IActionSource
{
    /// <summary>What changed from one action to another, files first, then by part and name. Null where one of them is not known.</summary>
    ImmutableArray<ActionChange>? Compare(string before, string after);

    /// <summary>The declared outputs of an action; null where it is not known.</summary>
    ImmutableArray<string>? Outputs(string action);
}
