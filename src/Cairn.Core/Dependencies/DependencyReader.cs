using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Dependencies;

/// <summary>Lock files to graphs. Pure: whoever calls has read the files.</summary>
public static class DependencyReader
{
    /// <summary>Whether a file of this name is a lock file, or tells more about one.</summary>
    public static bool IsWanted(string fileName)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        foreach (var format in LockFormat.All)
        {
            if (format.Takes(fileName) || format.IsCompanion(fileName))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The names of lock files that are read, for messages.</summary>
    public static ImmutableArray<string> FormatNames => [.. LockFormat.All.Select(f => f.Name)];

    /// <summary>Reads lock files, in the order of their paths. One with mistakes has no graph; the others have.</summary>
    /// <param name="files">All that <see cref="IsWanted"/> asks for, each path once.</param>
    /// <param name="name">What the folder that is looked at is called.</param>
    /// <param name="diagnostics">Takes mistakes.</param>
    public static ImmutableArray<DependencyGraph> Read(IEnumerable<LockFile> files, string name, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var sorted = files.OrderBy(f => f.Path, StringComparer.Ordinal).ToList();
        var byPath = sorted.ToDictionary(f => f.Path, StringComparer.Ordinal);
        var shared = new Dictionary<Type, object>();

        // A lock file may be looked at for the sake of another; its mistakes are its own.
        var others = new HashSet<string>(sorted.Where(f => LockFormat.All.Any(format => format.Takes(f.Name))).Select(f => f.Text.Name), StringComparer.Ordinal);
        var failed = new HashSet<string>(StringComparer.Ordinal);
        var graphs = ImmutableArray.CreateBuilder<DependencyGraph>();
        foreach (var file in sorted)
        {
            foreach (var format in LockFormat.All)
            {
                if (!format.Takes(file.Name) || format.IsReplaced(file, byPath.GetValueOrDefault))
                {
                    continue;
                }

                var folder = file.Prefix.TrimEnd('/');
                var folderName = folder.Length == 0 ? name : folder[(folder.LastIndexOf('/') + 1)..];
                var own = new DiagnosticBag();
                var reading = new LockReading(format, file, byPath.GetValueOrDefault, folderName, own) { AllFiles = sorted, SharedState = shared };
                format.Read(reading);
                if (reading.Graph.Drafts.Count == 0 && !own.HasErrors && !failed.Contains(file.Text.Name))
                {
                    reading.Shape("The file names no package and no project", file.Start);
                }

                var isWhole = reading.Graph.Drafts.Count > 0;
                foreach (var diagnostic in own.ToSorted())
                {
                    diagnostics.Add(diagnostic);
                    failed.Add(diagnostic.Span.File);
                    isWhole &= diagnostic.Severity != DiagnosticSeverity.Error || (others.Contains(diagnostic.Span.File) && diagnostic.Span.File != file.Text.Name);
                }

                if (isWhole)
                {
                    graphs.Add(reading.Graph.Build(file.Name));
                }
            }
        }

        return graphs.DrainToImmutable();
    }
}
