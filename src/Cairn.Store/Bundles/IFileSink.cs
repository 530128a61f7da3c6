using Cairn.Core.Content;

namespace Cairn.Store.Bundles;

/// <summary>Takes the files of a bundle as they are read, one after the other in the order of the tree. What it was given is right only once the whole bundle was read.</summary>
public interface IFileSink
{
    /// <summary>A file begins.</summary>
    void Begin(TreeItem file);

    /// <summary>Bytes of the file.</summary>
    void Write(ReadOnlySpan<byte> content);

    /// <summary>The file has ended, and its bytes have its digest.</summary>
    void End();

    /// <summary>Another file of the same content as one that has ended.</summary>
    void Repeat(TreeItem file, TreeItem first);
}
