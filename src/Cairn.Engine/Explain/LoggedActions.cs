using System.Collections.Immutable;

namespace Cairn.Engine.Explain;

/// <summary>The actions in a project's log: <c>.cairn/actions</c>.</summary>
public sealed class LoggedActions(string projectDirectory) : IActionSource, IDisposable
{
    /// <inheritdoc/>
    public ImmutableArray<ActionChange>? Compare(string before, string after) => projectDirectory.Length == 0 ? [] : null;

    /// <inheritdoc/>
    public ImmutableArray<string>? Outputs(string action) => null;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
