using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Engine.Running;

namespace Cairn.Engine.Reproduce;

/// <summary>Of each file that differs, the two contents that show it best: kept as copies, since the sandboxes they come from are left long before anyone looks.</summary>
internal sealed class Evidence(IBench bench)
{
    private const string Diffoscope = "/usr/bin/diffoscope";
    private const int ValueCharsMax = 200;
    private const int FilesMax = 50;
    private const int DiffoscopeLinesMax = 60;
    private const int DiffoscopeBytesMax = 1 << 20;
    private static readonly TimeSpan DiffoscopeTimeout = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (string What, string? First, string? Second)> _kept = new(StringComparer.Ordinal);
    // One bench serves several recipes.
    private static int LastCopy;

    /// <summary>Keeps what two sets have at a path; later calls, which vary less, replace earlier ones.</summary>
    public void Keep(string path, Specimen first, Specimen second)
    {
        if (_kept.Count >= FilesMax && !_kept.ContainsKey(path))
        {
            return;
        }

        if (_kept.TryGetValue(path, out var former))
        {
            Drop(former.First);
            Drop(former.Second);
        }

        var hasFirst = first.Files.TryGetValue(path, out var a);
        var hasSecond = second.Files.TryGetValue(path, out var b);
        if (path == Specimen.Exit)
        {
            _kept[path] = ($"{first.Failure} / {second.Failure}", null, null);
        }
        else if (!hasFirst && !hasSecond)
        {
            _kept[path] = ($"{Value(first, path)} / {Value(second, path)}", null, null);
        }
        else if (!hasFirst || !hasSecond)
        {
            _kept[path] = (hasFirst ? "missing in the second" : "missing in the first", null, null);
        }
        else if (a.Target is not null || b.Target is not null)
        {
            _kept[path] = ($"{Kind(a)} / {Kind(b)}", null, null);
        }
        else if (a.Digest == b.Digest)
        {
            _kept[path] = ($"{Kind(a)} / {Kind(b)}", null, null);
        }
        else
        {
            var what = a.Executable == b.Executable ? "content" : $"content, and {Kind(a)} / {Kind(b)}";
            _kept[path] = (what, Copy(first, path), Copy(second, path));
        }
    }

    public string What(string path) => _kept.TryGetValue(path, out var kept) ? Redaction.Apply(kept.What, bench.Secrets) : "content";

    /// <summary>Shows a difference: by diffoscope where it is installed, in a sandbox as it reads what a step made, else by Cairn itself.</summary>
    public async Task<ImmutableArray<string>> ShowAsync(string path, CancellationToken cancellationToken)
    {
        if (!_kept.TryGetValue(path, out var kept) || kept.First is null || kept.Second is null)
        {
            return [];
        }

        var captured = File.Exists(Diffoscope)
            ? await bench.ExamineAsync(
                [Diffoscope, "--text", "-", "--no-progress", "--max-report-size", DiffoscopeBytesMax.ToString(CultureInfo.InvariantCulture)],
                kept.First, kept.Second, DiffoscopeBytesMax, DiffoscopeTimeout, cancellationToken)
            : null;
        if (captured is { Problem: null, Result.ExitCode: 1, Output.Length: > 0 })
        {
            var lines = Encoding.UTF8.GetString(Redaction.Apply(captured.Output, bench.Secrets)).TrimEnd().Split('\n');
            return lines.Length > DiffoscopeLinesMax ? [.. lines[..DiffoscopeLinesMax], "…"] : [.. lines];
        }

        return [.. ContentDifference.Show(Redaction.Apply(Read(kept.First), bench.Secrets), Redaction.Apply(Read(kept.Second), bench.Secrets))];
    }

    private static string Value(Specimen specimen, string path) =>
        !specimen.Values.TryGetValue(path[Specimen.ValuePrefix.Length..], out var value) ? "missing"
        : value.Length > ValueCharsMax ? $"`{value[..ValueCharsMax]}…`" : $"`{value}`";

    private static void Drop(string? copy)
    {
        if (copy is not null)
        {
            File.Delete(copy);
        }
    }

    private static string Kind(in TreeLeaf leaf) => leaf.Target is { } target ? $"a link to {target}" : leaf.Executable ? "executable" : "not executable";

    private string? Copy(Specimen specimen, string path)
    {
        using var source = specimen.TryOpen(path);
        if (source is null)
        {
            return null;
        }

        var copy = $"{bench.Scratch}/evidence-{Interlocked.Increment(ref LastCopy).ToString(CultureInfo.InvariantCulture)}";
        using var target = new FileStream(copy, FileMode.CreateNew, FileAccess.Write);
        source.CopyTo(target);
        return copy;
    }

    private static byte[] Read(string path)
    {
        using var file = File.OpenRead(path);
        var content = new byte[Math.Min(file.Length, ContentDifference.BytesMax)];
        file.ReadExactly(content);
        return content;
    }
}
