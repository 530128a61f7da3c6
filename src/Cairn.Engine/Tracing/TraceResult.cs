using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;
using Cairn.Core.Tracing;

namespace Cairn.Engine.Tracing;

/// <summary>A step cannot be observed here.</summary>
public sealed class TraceException(Diagnostic diagnostic) : Exception(diagnostic.Message)
{
    /// <summary>Why, and what to do.</summary>
    public Diagnostic Diagnostic { get; } = diagnostic;
}

/// <summary>A step that was observed.</summary>
/// <param name="Job">Its job, as it is declared.</param>
/// <param name="Uses">What its processes did.</param>
/// <param name="Proposal">What it should declare.</param>
/// <param name="Failure">How it failed; null where it succeeded.</param>
/// <param name="Strays">How many processes it left behind.</param>
public sealed record TraceResult(Job Job, FileUses Uses, TraceProposal Proposal, string? Failure, int Strays);
