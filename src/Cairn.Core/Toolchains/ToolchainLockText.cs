using System.Collections.Immutable;
using System.Text;

namespace Cairn.Core.Toolchains;

/// <summary>
/// The text of <c>cairn.lock</c>: YAML, of which only what <see cref="Write(ToolchainLock)"/> writes is read. So it needs no parser that every run would have to start, and equal locks have
/// equal bytes. Its first version knows only packages of Debian; what needs no more is still written in it.
/// </summary>
public static class ToolchainLockText
{
    // The end of a YAML document: a lock that was cut off between two packages lacks it.
    internal const string End = "...";

    internal const string DateFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private const string Introduction = "# What the toolchains of cairn.yaml consist of. Written by `cairn toolchain lock`; keep it with the pipeline.\n";

    private static readonly string[] Versions = ["version: 1\n", "version: 2\n"];

    /// <summary>Writes a lock.</summary>
    public static string Write(ToolchainLock content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var text = new StringBuilder(Introduction).Append(Versions[VersionOf(content) - 1]);
        text.Append(content.Toolchains.IsEmpty ? "toolchains: {}\n" : "toolchains:\n");
        foreach (var toolchain in content.Toolchains)
        {
            LockedToolchainText.Write(text, toolchain);
        }

        return text.Append(End).Append('\n').ToString();
    }

    /// <summary>Reads a lock. Throws <see cref="FormatException"/> for a text that <see cref="Write(ToolchainLock)"/> did not write.</summary>
    public static ToolchainLock Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var version = text.StartsWith(Introduction, StringComparison.Ordinal) ? Array.FindIndex(Versions, v => text.AsSpan(Introduction.Length).StartsWith(v, StringComparison.Ordinal)) : -1;
        if (version < 0)
        {
            throw new FormatException("It does not begin as a lock of a version that this `cairn` knows");
        }

        var lines = new LockLines(text, Introduction.Length + Versions[version].Length);
        var toolchains = ImmutableArray.CreateBuilder<LockedToolchain>();
        if (!lines.TryTake("toolchains: {}"))
        {
            lines.Take("toolchains:");
            do
            {
                var toolchain = LockedToolchainText.Read(lines);
                if (toolchains.Count > 0 && string.CompareOrdinal(toolchains[^1].Name, toolchain.Name) >= 0)
                {
                    throw new FormatException($"`{toolchain.Name}` is not where the order of names has it");
                }

                toolchains.Add(toolchain);
            }
            while (!lines.StartsWith(End));
        }

        lines.Take(End);

        var content = new ToolchainLock(toolchains.DrainToImmutable());

        // Words and line ends: whatever the reader would pass over.
        return string.Equals(Write(content), text, StringComparison.Ordinal) ? content : throw new FormatException("It was edited");
    }

    private static int VersionOf(ToolchainLock content)
    {
        foreach (var toolchain in content.Toolchains)
        {
            if (toolchain is not LockedDebian)
            {
                return 2;
            }
        }

        return 1;
    }
}
