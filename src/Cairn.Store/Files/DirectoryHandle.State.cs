using System.Buffers.Binary;
using System.Text;

namespace Cairn.Store.Files;

/// <content>The state of a tree without its content, in few calls: for trees that are looked at in every run and hardly ever change.</content>
public sealed partial class DirectoryHandle
{
    private const byte FolderType = 4;
    private const byte LinkType = 10;
    private const int StateDepthMax = 32;

    /// <summary>
    /// Writes what tells whether anything at a name, or below it, was changed: modes, sizes and times of files, times of folders. Links in folders need no look of their own:
    /// one that leads elsewhere is another link, and its folder has another time.
    /// </summary>
    public void AppendState(string name, Stream target)
    {
        CheckName(name);
        ArgumentNullException.ThrowIfNull(target);
        byte[] raw = [.. Encoding.UTF8.GetBytes(name), 0];
        target.Write(raw);
        if (AppendState(raw, target, depth: 0) == LinkType)
        {
            target.Write(Encoding.UTF8.GetBytes(ReadLink(name)));
        }
    }

    /// <summary>Returns the kind of what stands there, as the kernel lists it.</summary>
    private unsafe int AppendState(byte[] name, Stream target, int depth)
    {
        FileNative.StatxBuffer stat;
        fixed (byte* raw = name)
        {
            if (FileNative.Statx(_descriptor, raw, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &stat) < 0)
            {
                return 0;
            }
        }

        Span<byte> state = stackalloc byte[20];
        var type = stat.Mode >> 12;
        BinaryPrimitives.WriteInt32LittleEndian(state, stat.Mode);
        BinaryPrimitives.WriteUInt64LittleEndian(state[4..], type == FolderType ? 0 : stat.Size);
        BinaryPrimitives.WriteInt64LittleEndian(state[12..], stat.ModifyTime.ToNanoseconds());
        target.Write(state);
        if (type == FolderType && depth < StateDepthMax)
        {
            AppendEntries(name, target, depth);
        }

        return type;
    }

    private unsafe void AppendEntries(byte[] name, Stream target, int depth)
    {
        int descriptor;
        fixed (byte* raw = name)
        {
            descriptor = FileNative.OpenAt(_descriptor, raw, FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec, 0);
        }

        if (descriptor < 0)
        {
            return;
        }

        using var folder = new DirectoryHandle(descriptor, DisplayPath);
        var names = new List<byte[]>();
        folder.ForEachRaw((entry, type) => names.Add([type, .. entry]));
        names.Sort(static (a, b) => a.AsSpan(1).SequenceCompareTo(b.AsSpan(1)));
        foreach (var entry in names)
        {
            target.Write(entry);
            if (entry[0] != LinkType)
            {
                _ = folder.AppendState(entry[1..], target, depth + 1);
            }
        }
    }
}
