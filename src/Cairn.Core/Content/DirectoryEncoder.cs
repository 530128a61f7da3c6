using Cairn.Core.Protobuf;

namespace Cairn.Core.Content;

/// <summary>
/// Writes the entries of a REAPI v2 <c>Directory</c>. It is canonical where files come first, then folders, then links, each sorted by the bytes of
/// their names.
/// </summary>
/// <remarks>
/// <code>
/// Directory     { repeated FileNode files = 1; repeated DirectoryNode directories = 2; repeated SymlinkNode symlinks = 3; }
/// FileNode      { string name = 1; Digest digest = 2; bool is_executable = 4; }
/// DirectoryNode { string name = 1; Digest digest = 2; }
/// SymlinkNode   { string name = 1; string target = 2; }
/// </code>
/// </remarks>
internal static class DirectoryEncoder
{
    /// <summary>Writes a file.</summary>
    public static void WriteFile(ProtoWriter writer, ReadOnlySpan<char> name, Digest digest, bool executable)
    {
        var node = writer.Begin(1);
        writer.WriteText(1, name);
        writer.WriteDigest(2, digest);
        writer.WriteBool(4, executable);
        writer.End(node);
    }

    /// <summary>Writes a folder.</summary>
    public static void WriteDirectory(ProtoWriter writer, ReadOnlySpan<char> name, Digest digest)
    {
        var node = writer.Begin(2);
        writer.WriteText(1, name);
        writer.WriteDigest(2, digest);
        writer.End(node);
    }

    /// <summary>Writes a link.</summary>
    public static void WriteSymlink(ProtoWriter writer, ReadOnlySpan<char> name, string target)
    {
        var node = writer.Begin(3);
        writer.WriteText(1, name);
        writer.WriteText(2, target);
        writer.End(node);
    }
}
