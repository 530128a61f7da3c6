using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Actions;

namespace Cairn.Engine.Explain;

/// <summary>The actions in a project's log, <c>.cairn/actions</c>. Not thread-safe.</summary>
public sealed class LoggedActions : IActionSource, IDisposable
{
    private readonly ActionLog _log;
    private readonly Dictionary<string, ActionDescription?> _descriptions = new(StringComparer.Ordinal);

    // Jobs of a run mostly read the same files, so the same two trees are compared over and over.
    private readonly Dictionary<Digest, ImmutableArray<byte>?> _folders = [];

    /// <summary>Opens the log of a project; a project without one knows no actions.</summary>
    public LoggedActions(string projectDirectory) => _log = ActionLog.Open(Path.Combine(projectDirectory, ".cairn", "actions"));

    /// <summary>How many changed inputs are told at most.</summary>
    public int InputsMax { get; init; } = 1000;

    /// <inheritdoc/>
    public ActionDifference? Compare(string before, string after) =>
        Find(before) is { } first && Find(after) is { } second ? ActionDifference.Between(first, second, ReadFolder, InputsMax) : null;

    /// <inheritdoc/>
    public ImmutableArray<string>? Outputs(string action) => Find(action)?.Outputs;

    /// <summary>The isolation of an action; null where it is not known.</summary>
    public string? Isolation(string action)
    {
        foreach (var (name, value) in Find(action)?.Platform ?? [])
        {
            if (string.Equals(name, "isolation", StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _log.Dispose();

    private ActionDescription? Find(string action)
    {
        if (!_descriptions.TryGetValue(action, out var description))
        {
            description = _log.Find(action) is { } digest ? ActionDecoder.TryDecode(digest, _log.TryRead, out _) : null;
            _descriptions[action] = description;
        }

        return description;
    }

    private ImmutableArray<byte>? ReadFolder(Digest digest)
    {
        if (!_folders.TryGetValue(digest, out var content))
        {
            _folders[digest] = content = _log.TryRead(digest);
        }

        return content;
    }
}
