using Cairn.Core.Content;
using Cairn.Core.Language;

namespace Cairn.Engine.Preparation;

/// <summary>Loads pipeline files of a project from disk.</summary>
public sealed class FileSourceLoader(string projectDirectory) : ISourceLoader
{
    private readonly SortedDictionary<string, Digest> _digests = new(StringComparer.Ordinal);

    /// <summary>What was loaded so far, by path.</summary>
    public IReadOnlyDictionary<string, Digest> Digests => _digests;

    /// <inheritdoc/>
    public byte[]? Load(string path)
    {
        var content = Read(path);
        if (content is not null)
        {
            _digests[path] = Digest.Of(content);
        }

        return content;
    }

    private byte[]? Read(string path)
    {
        var full = Path.GetFullPath(Path.Combine(projectDirectory, path));
        try
        {
            var info = new FileInfo(full);
            if (info.Exists && info.Length > Core.Limits.PipelineFileBytesMax)
            {
                // One byte more than the limit is enough for the reader to refuse it.
                using var stream = info.OpenRead();
                var head = new byte[Core.Limits.PipelineFileBytesMax + 1];
                stream.ReadExactly(head);
                return head;
            }

            return File.ReadAllBytes(full);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException exception) when (Directory.Exists(full))
        {
            throw new IOException("it is a folder", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException("permission denied", exception);
        }
    }
}
