namespace Cairn.Core.Dependencies.Formats;

/// <summary>The packages of a Python lock file by name: markers for platforms may make several versions of one.</summary>
internal sealed class PythonPackages
{
    private readonly Dictionary<string, List<PackageDraft>> _byName = new(StringComparer.Ordinal);

    public void Add(PackageDraft draft)
    {
        if (!_byName.TryGetValue(draft.Name, out var same))
        {
            _byName[draft.Name] = same = [];
        }

        same.Add(draft);
    }

    /// <summary>All of a name, or the one of a version.</summary>
    public IReadOnlyList<PackageDraft> Find(string name, string? version = null)
    {
        if (!_byName.TryGetValue(name, out var same))
        {
            return [];
        }

        return version is null ? same : same.FindAll(d => d.Version == version);
    }
}
