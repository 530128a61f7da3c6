using System.Text;

using Cairn.Core.Fetching;
using Cairn.Core.Toolchains;
using Cairn.Store.Files;

namespace Cairn.Engine;

/// <summary>The file <c>cairn.lock</c> of a project, which is read when something of it is needed, and then once. For one thread.</summary>
public sealed class ProjectLock(string projectDirectory)
{
    // Twenty toolchains of a thousand packages each, and a thousand fetch steps with all their parts.
    private const int BytesMax = 64 << 20;

    private string? _toolchains;
    private string _fetched = "";
    private string? _problem;

    /// <summary>What it says of toolchains; an empty lock where there is no file, null where it cannot be read.</summary>
    public ToolchainLock? TryReadToolchains(out string? problem)
    {
        try
        {
            return Load(out problem) is not { } text ? null : text.Length == 0 ? ToolchainLock.Empty : ToolchainLockText.Read(text);
        }
        catch (FormatException exception)
        {
            problem = exception.Message;
            return null;
        }
    }

    /// <summary>What it says of fetch steps; an empty lock where there is no file, null where it cannot be read.</summary>
    public FetchLock? TryReadFetches(out string? problem)
    {
        try
        {
            // The end of the part before stands for what comes behind it.
            return Load(out problem) is not { } before ? null : FetchLockText.Read(_fetched, Math.Max(0, before.AsSpan().Count('\n') - 1));
        }
        catch (FormatException exception)
        {
            problem = exception.Message;
            return null;
        }
    }

    /// <summary>Writes what a project's lock says of toolchains, if that is something else. Throws <see cref="IOException"/>.</summary>
    public static void Write(string projectDirectory, ToolchainLock content) => Replace(projectDirectory, text => (ToolchainLockText.Write(content), text.Fetched));

    /// <summary>Writes what a project's lock says of fetch steps, if that is something else. Throws <see cref="IOException"/>.</summary>
    public static void Write(string projectDirectory, FetchLock content) => Replace(projectDirectory, text =>
    {
        var written = FetchLockText.Write(content);
        return (text.Toolchains.Length == 0 && written.Length > 0 ? ToolchainLockText.Write(ToolchainLock.Empty) : text.Toolchains, written);
    });

    // What is said of the other stays as it is now, though another command may have written it meanwhile.
    private static void Replace(string projectDirectory, Func<(string Toolchains, string Fetched), (string Toolchains, string Fetched)> change)
    {
        var before = ReadText(projectDirectory);
        var (toolchains, fetched) = change(FetchLockText.Split(before));
        var after = FetchLockText.Join(toolchains, fetched);
        if (!string.Equals(before, after, StringComparison.Ordinal))
        {
            DurableFile.Replace(Path.Combine(projectDirectory, ToolchainLock.FileName), Encoding.UTF8.GetBytes(after));
        }
    }

    /// <summary>The part about toolchains, after both were read; null where they cannot be.</summary>
    private string? Load(out string? problem)
    {
        if (_toolchains is null && _problem is null)
        {
            try
            {
                (_toolchains, _fetched) = FetchLockText.Split(ReadText(projectDirectory));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _problem = exception.Message;
            }
        }

        problem = _problem;
        return _toolchains;
    }

    private static string ReadText(string projectDirectory)
    {
        var file = new FileInfo(Path.Combine(projectDirectory, ToolchainLock.FileName));
        return !file.Exists ? "" : file.Length <= BytesMax ? File.ReadAllText(file.FullName) : throw new IOException($"It has more than {BytesMax} bytes");
    }
}
